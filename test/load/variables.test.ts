import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseExtraVars } from '../../engine/load/index.ts';
import { Unknown } from '../../engine/plan/playbook.ts';
import { argsOf, folder, load, play, problems, scopeOf } from './world.ts';

describe('-e', () => {
  test.each<[string[], Record<string, unknown>]>([
    [['x=1'], { x: '1' }],
    [['x=true', 'y=', 'z=a=b c'], { x: 'true', y: '', z: 'a=b c' }],
    [['{x: 1, y: [true]}'], { x: 1, y: [true] }],
    [['x=1', '{x: 2}'], { x: 2 }],
  ])('%j', (args, values) => {
    expect(parseExtraVars(args)).toEqual(values);
  });

  test('reads files', () => {
    const root = folder({ 'a.yml': 'x: 1\ny: "{{ x }}"\n' });
    expect(parseExtraVars([`@${join(root, 'a.yml')}`])).toEqual({ x: 1, y: '{{ x }}' });
  });

  test('name=value is that text, whatever is in it', () => {
    const playbook = load(play('- file: { dest: "{{ a }}" }'), { extra: ['a={{ port }}/{{ "x" }}'] });
    expect(argsOf(playbook).dest).toBe('{{ port }}/{{ "x" }}');
  });

  test('YAML may hold expressions', () => {
    const playbook = load(play('- file: { dest: "{{ a }}" }'), { extra: ['{a: "p{{ port }}"}'] });
    expect(argsOf(playbook).dest).toBe('p7077');
  });

  test.each<[string, string]>([
    ['x', '-e:1:1 USAGE -e x: not a variable'],
    ['=1', '-e:1:1 USAGE -e =1: not a variable'],
    ['a-b=1', '-e:1:1 VARIABLE_INVALID "a-b" cannot be a variable: letters, digits and _ make a name'],
    ['{x: 0644}', '-e:1:5 YAML_TRAP 0644 is read as the number 644'],
    ['{a-b: 1}', '-e:1:2 VARIABLE_INVALID "a-b" cannot be a variable: letters, digits and _ make a name'],
    ['@/nowhere.yml', 'FILE_MISSING /nowhere.yml does not exist'],
  ])('%s', (arg, head) => {
    expect(
      problems(() => parseExtraVars([arg]))
        .split('\n')[0]
        ?.replace(/^USAGE/, '-e:1:1 USAGE'),
    ).toBe(head);
  });
});

describe('variables', () => {
  const inventory = `hosts:
  a: { vars: { g: host } }
vars: { b: all, c: all, d: all, e: all, f: all, g: all }
groups: { web: { hosts: [a], vars: { g: group } } }
`;
  const rest = '  defaults_files: low.yml\n  vars_files: [vars.yml]\n  vars: { d: play, e: play, f: play }\n';
  const files = { 'low.yml': 'a: default\nb: default\n', 'vars.yml': 'c: file\nd: file\ne: file\nf: file\n' };

  test('the nearer one wins: defaults, all, group, host, vars_files, play, task, -e', () => {
    const task = '- file: { dest: "{{ [a, b, c, d, e, f, g].join(\' \') }}" }\n  vars: { e: task, f: task }';
    const playbook = load(play(task, rest), { inventory, files, extra: ['f=extra'] });
    expect(argsOf(playbook, 'a').dest).toBe('default all file play task extra host');
  });

  test('may need each other, facts and results, and are evaluated when they are needed', () => {
    const vars =
      '  vars: { home: "/home/{{ name }}", name: "{{ prefix }}1", prefix: n, mem: "{{ facts.memory_mb }}" }\n';
    const playbook = load(play('- file: { dest: "{{ home }}" }', vars));
    expect(argsOf(playbook).dest).toBe('/home/n1');
    const mem = playbook.plays[0]?.variables('spark-master').mem;
    expect(() => mem?.evaluate(scopeOf(playbook, 'spark-master'))).toThrow(Unknown);
    expect(mem?.evaluate(scopeOf(playbook, 'spark-master', { facts: { memory_mb: 4096 } }))).toBe(4096);
    expect([...(mem?.names ?? [])]).toEqual(['facts']);
  });

  test('of a host that is not in the play are there too', () => {
    const playbook = load('- hosts: spark_master\n');
    expect(Object.keys(playbook.plays[0]?.variables('spark-worker1') ?? {}).sort()).toEqual([
      'cluster_address',
      'only_here',
      'port',
      'user',
    ]);
  });

  test('a ring that only values show is found too', () => {
    const playbook = '  vars: { x: "{{ hosts[host.name].vars.y }}", y: "{{ hosts[host.name].vars.x }}" }\n';
    const text = problems(() => load(play('- file: { dest: "{{ x }}" }', playbook)));
    expect(text).toContain('EXPRESSION_INVALID the variable "y" needs itself');
  });
});
