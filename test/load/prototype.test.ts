import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadInventory, parseExtraVars } from '../../engine/load/index.ts';
import { compileTemplate } from '../../engine/load/template.ts';
import { compileText } from '../../engine/load/text.ts';
import { argsOf, folder, heads, load, play } from './world.ts';

/** Every object of JavaScript's own that a polluted value could have changed, with what it has. */
const shapeOfTheWorld = (): string =>
  [Object, Array, String, Number, Boolean, Function, Map, Set, Promise, RegExp, Error, Date]
    .flatMap(({ name, prototype }) => Object.getOwnPropertyNames(prototype).map((key) => `${name}.${key}`))
    .join(' ');

let before: string;
beforeEach(() => {
  before = shapeOfTheWorld();
});
afterEach(() => {
  expect(shapeOfTheWorld()).toBe(before);
  expect((Object.prototype as Record<string, unknown>).polluted).toBeUndefined();
});

const KEYS = ['__proto__', 'constructor', 'prototype'];
const BAD = '{ polluted: 1, prototype: { polluted: 1 } }';

describe('YAML and JSON cannot change what every object has (prototype pollution)', () => {
  test.each(KEYS)('%s in a playbook, wherever a key can stand', (key) => {
    for (const text of [
      play(`- user: { name: x, ${key}: ${BAD} }\n`),
      play('- user: { name: x }\n', `  vars: { ${key}: ${BAD} }\n`),
      play('- user: { name: x }\n', `  vars: { a: { b: [{ ${key}: ${BAD} }] } }\n`),
      play(`- user: { name: x }\n  vars: { ${key}: ${BAD} }\n`),
      play('- user: { name: x }\n', `  ${key}: ${BAD}\n`),
      play(`- user: { name: x }\n  ${key}: ${BAD}\n`),
      play('- user: { name: x }\n', `  vars: { a: &a { "\\u005f\\u005fproto__": 1, ${key}: 1 }, b: *a }\n`),
    ]) {
      expect(heads(() => load(text)).join('\n'), text).toMatch(new RegExp(`YAML_TRAP "${key}" cannot be a key`));
    }
  });

  test.each(KEYS)('%s as a registered name', (key) => {
    expect(heads(() => load(play(`- user: { name: x }\n  register: ${key}\n`)))).toEqual([
      expect.stringMatching(/VARIABLE_INVALID|KEYWORD_INVALID/),
    ]);
  });

  test.each(KEYS)('%s in an inventory: of hosts, groups and variables', (key) => {
    for (const text of [
      `hosts: { ${key}: { address: 10.0.0.1 } }`,
      `hosts: { a: { vars: { ${key}: ${BAD} } } }`,
      `hosts: { a: {} }\ngroups: { ${key}: [a] }`,
      `hosts: { a: {} }\ngroups: { g: { hosts: [a], vars: { ${key}: ${BAD} } } }`,
      `hosts: { a: {} }\nvars: { x: { ${key}: ${BAD} } }`,
    ]) {
      const root = folder({ 'inventory.yml': text });
      expect(heads(() => loadInventory(join(root, 'inventory.yml'))).join('\n'), text).toContain('YAML_TRAP');
    }
  });

  test.each(KEYS)('%s from -e: a name, YAML, JSON and a file', (key) => {
    const root = folder({ 'v.json': `{ "a": { "${key}": { "polluted": 1 } } }`, 'v.yml': `${key}: ${BAD}\n` });
    for (const extra of [
      `${key}=x`,
      `{ ${key}: ${BAD} }`,
      `{"a": {"${key}": {"polluted": 1}}}`,
      `@${join(root, 'v.json')}`,
      `@${join(root, 'v.yml')}`,
    ]) {
      expect(heads(() => parseExtraVars([extra])).join('\n'), extra).toMatch(/YAML_TRAP|VARIABLE_INVALID/);
    }
  });

  test('a value of that name is only a text', () => {
    const given = load(play('- user: { name: x, shell: "__proto__", groups: ["constructor"] }\n'));
    expect(argsOf(given)).toMatchObject({ shell: '__proto__', groups: ['constructor'] });
  });
});

describe('CEL cannot change what every object has', () => {
  const at = (offset: number) => ({ file: 'f', line: 1, column: offset + 1 });
  const scope = { box: { a: 1 }, names: ['a'], key: '__proto__' };

  test.each([
    '{{ {"__proto__": {"polluted": 1}} }}',
    '{{ {"constructor": {"prototype": {"polluted": 1}}} }}',
    '{{ {key: {"polluted": 1}} }}',
    '{{ [{"__proto__": {"polluted": 1}}] }}',
    '{{ box.__proto__ }}',
    '{{ box["__proto__"] }}',
    '{{ box[key] }}',
    '{{ box.constructor }}',
    '{{ box["constructor"]["prototype"] }}',
    '{{ names.constructor }}',
    '{{ "".constructor }}',
    '{{ dyn(box).__defineGetter__ }}',
    '{{ names.map(__proto__, 1) }}',
  ])('%s', (text) => {
    let value: unknown;
    try {
      value = compileText(text, at)?.evaluate(scope);
    } catch {
      return; // Refused is as good.
    }
    // Plain data: nothing that is inherited, no function, and nobody else sees `polluted`.
    const plain = JSON.stringify(value);
    expect(JSON.stringify(JSON.parse(plain))).toBe(plain);
    expect(typeof value).not.toBe('function');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(value as object).every((name) => Object.hasOwn(value as object, name))).toBe(true);
  });
});

describe('a template cannot reach JavaScript (CVE-2019-19919, CVE-2019-20920, CVE-2021-23369)', () => {
  const canary = join('/tmp', `hailbook-canary-${process.pid}`);
  const code = `return process.mainModule.require('child_process').execSync('touch ${canary}');`;
  const scope = { name: 'x', box: { a: 'b' }, list: ['a'], facts: { os: 'Debian' } };

  test.each([
    // The published ways into an unpatched Handlebars.
    `{{#with "s" as |string|}}{{#with "e"}}{{#with split as |conslist|}}{{this.pop}}{{this.push (lookup string.sub "constructor")}}{{this.pop}}{{#with string.split as |codelist|}}{{this.pop}}{{this.push "${code}"}}{{this.pop}}{{#each conslist}}{{#with (string.sub.apply 0 codelist)}}{{this}}{{/with}}{{/each}}{{/with}}{{/with}}{{/with}}{{/with}}`,
    `{{#with (__lookupGetter__ "__proto__")}}{{this}}{{/with}}`,
    `{{__defineGetter__ "polluted" valueOf}}{{polluted}}`,
    '{{#with this as |t|}}{{#with (t.constructor.getOwnPropertyDescriptor this "constructor")}}{{#with (t.constructor.defineProperty t.constructor.prototype "polluted" this)}}{{/with}}{{/with}}{{/with}}',
    '{{constructor.constructor}}',
    '{{box.constructor.name}}',
    '{{box.__proto__}}',
    '{{box.["__proto__"]}}',
    '{{lookup box "constructor"}}',
    '{{lookup box "__proto__"}}',
    '{{lookup list "constructor"}}',
    '{{#with box.__proto__}}{{polluted}}{{/with}}',
    '{{#each box.constructor}}{{this}}{{/each}}',
    '{{helperMissing}}',
    '{{#helperMissing}}{{/helperMissing}}',
    '{{blockHelperMissing}}',
    '{{#blockHelperMissing box}}{{this}}{{/blockHelperMissing}}',
    '{{log box.constructor}}',
    '{{@root.constructor}}',
    '{{@data.constructor}}',
    '{{@partial-block}}',
    '{{> (lookup . "name")}}',
    '{{> constructor}}',
    '{{> __proto__}}',
    '{{#> constructor}}{{name}}{{/constructor}}',
    '{{cel "box.constructor"}}',
  ])('%s', (text) => {
    let rendered: unknown = '';
    try {
      rendered = compileTemplate('t.hbs', (file) => (file === 't.hbs' ? text : readFileSync(file, 'utf8'))).render(
        scope,
      );
    } catch {
      // Refused is as good.
    }
    expect(String(rendered)).not.toMatch(/function|\[object|native code|constructor/);
    expect(existsSync(canary)).toBe(false);
  });
});
