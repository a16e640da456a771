import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Unknown } from '../../engine/plan/playbook.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { argsOf, load, play, scopeOf } from './world.ts';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

describe("a task's arguments", () => {
  test('are evaluated and validated, with defaults filled in', () => {
    const playbook = load(play('- user: { name: "{{ user }}", uid: "{{ port + 1 }}", groups: ["{{ user }}", sudo] }'));
    expect(argsOf(playbook)).toEqual({ name: 'admin', uid: 7078, groups: ['admin', 'sudo'], state: 'present' });
  });

  test('are made anew each time, and the scope is left as it was', () => {
    const rules = '  vars: { rules: [{ port: 22 }] }\n';
    const playbook = load(play('- ufw: { rules: "{{ rules }}" }', rules));
    const scope = scopeOf(playbook, 'spark-master');
    const task = playbook.plays[0]?.tasks[0];
    const first = task?.args.evaluate(scope) as { rules: object[] };
    expect(first).toEqual({ rules: [{ port: 22 }] });
    first.rules.pop();
    expect(task?.args.evaluate(scope)).toEqual({ rules: [{ port: 22 }] });
  });

  test('wait for what is not known', () => {
    const playbook = load(play('- user: { name: "{{ facts.os }}" }'));
    expect(() => argsOf(playbook)).toThrow(Unknown);
    expect(argsOf(playbook, 'spark-master', { facts: { os: 'debian' } })).toMatchObject({ name: 'debian' });
  });

  test('that a run shows to be wrong are an error at their place', () => {
    const playbook = load(play('- user: { name: x, uid: "{{ facts.cores }}" }'));
    expect(() => argsOf(playbook, 'spark-master', { facts: { cores: 'many' } })).toThrow(
      expect.objectContaining({
        code: 'ARGS_INVALID',
        message: 'user.uid: must be an integer, not the text "many"',
        place: expect.objectContaining({ line: 3, column: 29 }),
      }),
    );
  });

  const SECRETS = `- user: { name: x }
  register: made
- command: { argv: ["{{ made.word }}"], stdin: "{{ made.input }}", count: "{{ made.count }}" }`;

  test('may be secrets where a module says so, of which only the type is judged and nothing told', () => {
    const playbook = load(play(SECRETS));
    const task = playbook.plays[0]?.tasks[1];
    const secret = new Secret('NOT A NUMBER');
    const scope = (made: object) =>
      scopeOf(playbook, 'spark-master', { made: { word: 'x', input: '', count: 1, ...made } });
    expect(task?.args.evaluate(scope({ input: secret })).stdin).toBe(secret);
    expect(() => task?.args.evaluate(scope({ count: secret }))).toThrow(
      'command.count: must be an integer, not ‹secret›',
    );
  });

  test('that take no secret refuse one, with the way that does', () => {
    const playbook = load(play(SECRETS));
    const made = { word: new Secret('x'), input: '', count: 1 };
    expect(() => playbook.plays[0]?.tasks[1]?.args.evaluate(scopeOf(playbook, 'spark-master', { made }))).toThrow(
      expect.objectContaining({
        code: 'ARGS_INVALID',
        message: 'command.argv[0]: a secret cannot be handed over here',
        hint: 'it can as stdin, count',
      }),
    );
  });

  test('a value from a host is never read as an expression', () => {
    const playbook = load(play('- file: { dest: "{{ facts.os }}", content: "<{{ facts.os }}>" }'));
    const facts = { os: '{{ port }}' };
    expect(argsOf(playbook, 'spark-master', { facts })).toEqual({ dest: '{{ port }}', content: '<{{ port }}>' });
  });
});

describe('files that arguments name', () => {
  test('templates are rendered, with the hash of their text', () => {
    const files = { 'templates/a.hbs': 'PORT={{port}}\n{{> more}}', 'templates/more.hbs': '{{user}}' };
    const playbook = load(play('- file: { dest: /x, src: templates/a.hbs }'), { files });
    const content = 'PORT=7077\nadmin';
    expect(argsOf(playbook).src).toEqual({ path: 'templates/a.hbs', content, sha256: sha256(content) });
    expect([...(playbook.plays[0]?.tasks[0]?.args.names ?? [])].sort()).toEqual(['port', 'user']);
  });

  test('other files are taken byte by byte', () => {
    const playbook = load(play('- file: { dest: /x, bytes: "{{ user }}.bin" }'), {
      files: { 'admin.bin': '\u0000{{port}}' },
    });
    const { bytes } = argsOf(playbook) as { bytes: { path: string; content: Uint8Array; sha256: string } };
    expect(Buffer.from(bytes.content).toString()).toBe('\u0000{{port}}');
    expect(bytes).toMatchObject({ path: 'admin.bin', sha256: sha256('\u0000{{port}}') });
  });

  test('a template with a secret in it is a secret', () => {
    const playbook = load(play('- user: { name: x }\n  register: made\n- file: { dest: /x, src: a.hbs }'), {
      files: { 'a.hbs': 'key={{made.key}}' },
    });
    const scope = scopeOf(playbook, 'spark-master', { made: { key: new Secret('k') } });
    const args = playbook.plays[0]?.tasks[1]?.args.evaluate(scope) as { src: { content: Secret; sha256: string } };
    expect(args.src.content.reveal()).toBe('key=k');
    expect(args.src.sha256).toBe(sha256('key=k'));
  });

  test('a template sees the item, the task variables, and waits for facts', () => {
    const playbook = load(play('- file: { dest: /x, src: a.hbs }\n  loop: [1]\n  vars: { v: "{{ item + 1 }}" }'), {
      files: { 'a.hbs': '{{item}}{{v}}{{facts.os}}' },
    });
    expect(() => argsOf(playbook, 'spark-master', { item: 1 })).toThrow(Unknown);
    const { src } = argsOf(playbook, 'spark-master', { item: 1, facts: { os: 'debian' } });
    expect(src).toMatchObject({ content: '12debian' });
  });
});

describe('when and loop', () => {
  const taskOf = (text: string) => {
    const playbook = load(play(text));
    return {
      task: playbook.plays[0]?.tasks[0],
      scope: (more = {}) => scopeOf(playbook, 'spark-master', { groups: { cluster: ['a', 'b'] }, ...more }),
    };
  };

  test('are bare expressions', () => {
    const { task, scope } = taskOf(
      '- user: { name: "{{ item }}" }\n  when: port > 7000 && facts.cores > 1\n  loop: groups.cluster',
    );
    expect(task?.loop?.evaluate(scope())).toEqual(['a', 'b']);
    expect(() => task?.when?.evaluate(scope())).toThrow(Unknown);
    expect(task?.when?.evaluate(scope({ facts: { cores: 2 } }))).toBe(true);
  });

  test('a loop may be written out, with expressions in it', () => {
    const { task, scope } = taskOf('- user: { name: "{{ item.n }}" }\n  loop: [{ n: "{{ user }}" }, { n: b }]');
    expect(task?.loop?.evaluate(scope())).toEqual([{ n: 'admin' }, { n: 'b' }]);
  });

  test('when: false is no expression at all', () => {
    const { task, scope } = taskOf('- user: { name: x }\n  when: false');
    expect(task?.when?.evaluate(scope())).toBe(false);
  });

  test('what they give is judged', () => {
    const { task, scope } = taskOf('- user: { name: x }\n  when: facts.os\n  loop: facts.addresses');
    expect(() => task?.when?.evaluate(scope({ facts: { os: 'debian' } }))).toThrow(
      '"when" must be true or false, not the string "debian"',
    );
    expect(() => task?.loop?.evaluate(scope({ facts: { addresses: 'x' } }))).toThrow(
      '"loop" must be a list, not the string "x"',
    );
  });

  test('a task that is skipped on a host is not judged there', () => {
    const guarded = '- user: { name: x, uid: "{{ host.vars.only_here }}" }\n  when: has(host.vars.only_here)';
    expect(() => load(play(guarded))).not.toThrow();
  });
});

test('become is inherited, and a task may say otherwise', () => {
  const playbook = load(
    play(
      '- user: { name: x }\n- user: { name: x }\n  become: false\n- user: { name: x }\n  become_user: "{{ user }}"',
      '  become: true\n  become_user: spark\n',
    ),
  );
  const scope = scopeOf(playbook, 'spark-master');
  const tasks = playbook.plays[0]?.tasks ?? [];
  expect(tasks.map(({ become, becomeUser }) => [become, becomeUser.evaluate(scope)])).toEqual([
    [true, 'spark'],
    [false, 'spark'],
    [true, 'admin'],
  ]);
});
