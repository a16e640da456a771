import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { inventorySchema, playbookSchema } from '../../engine/load/index.ts';
import { Problems } from '../../engine/load/problems.ts';
import { parseYaml } from '../../engine/load/yaml.ts';
import { INVENTORY, MODULES, play } from './world.ts';

const ajv = new Ajv2020({ strict: false });

function fits(schema: object, text: string): boolean {
  return ajv.validate(schema, parseYaml(text, 'x.yml', new Problems())?.value);
}

describe('the schema of a playbook', () => {
  const schema = playbookSchema(MODULES);

  test.each([
    play('- user: { name: x }'),
    play('- user: { name: "{{ x }}", uid: "{{ x + 1 }}", groups: "{{ g }}", state: "{{ s }}" }'),
    play('- user: { name: x, groups: ["{{ g }}"] }\n  when: x > 1\n  loop: [1]\n  notify: a\n  vars: { y: 1 }'),
    play('- ufw: { rules: [{ port: "{{ p }}", from: { host: "{{ h }}" } }] }'),
    play('- file: { dest: /x, src: a.hbs }', '  become: true\n  vars_files: [a.yml]\n'),
  ])('fits %j', (text) => {
    expect(fits(schema, text)).toBe(true);
  });

  test.each([
    'hosts: all\n',
    '- tasks: []\n',
    play('- user: { name: x, shel: y }'),
    play('- user: { uid: 1 }'),
    play('- user: { name: x, uid: "2000" }'),
    play('- user: { name: x, state: there }'),
    play('- user: { name: x }\n  file: { dest: /x }'),
    play('- name: nothing'),
    play('- user: { name: x }\n  wen: true'),
    play('- user: { name: x }', '  vars: { a-b: 1 }\n'),
  ])('does not fit %j', (text) => {
    expect(fits(schema, text)).toBe(false);
  });

  test('describes every keyword, module and argument for an editor', () => {
    const text = JSON.stringify(schema);
    for (const words of ['The login name.', 'An account.', 'A template.', 'The rules.']) expect(text).toContain(words);
    expect(text).not.toContain('x-source');
  });
});

describe('the schema of an inventory', () => {
  test('fits one, and not a misspelled one', () => {
    expect(fits(inventorySchema(), INVENTORY)).toBe(true);
    expect(
      fits(
        inventorySchema(),
        'hosts: { a: , b: { port: 22, connection: local } }\nknown_hosts: x\ngroups: { g: { hosts: [a], vars: { x: 1 } } }\n',
      ),
    ).toBe(true);
    expect(fits(inventorySchema(), 'hosts: { a: { adress: x } }\n')).toBe(false);
    expect(fits(inventorySchema(), 'groups: {}\n')).toBe(false);
  });
});
