import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../engine/load/template.ts';
import type { Scope } from '../../engine/plan/playbook.ts';
import { Unknown } from '../../engine/plan/playbook.ts';
import { Secret } from '../../engine/plan/secret.ts';

const scope: Scope = {
  name: 'hail',
  n: 7,
  on: true,
  off: false,
  nothing: null,
  rows: [{ x: 1 }, { x: 2 }],
  names: ['a', 'b'],
  box: { k: '<v & "w">' },
  evil: '{{name}} {{cel "n"}}',
  secret: new Secret('p$&w'),
  hosts: { a: { name: 'a', vars: { port: 1 } } },
  get facts(): never {
    throw new Unknown({ kind: 'facts', host: 'a' });
  },
};

function render(text: string, partials: Readonly<Record<string, string>> = {}): string | Secret {
  const files: Record<string, string> = { 'd/t.hbs': text, ...partials };
  return compileTemplate('d/t.hbs', (file) => files[file] ?? '').render(scope);
}

describe('a template', () => {
  test.each([
    ['{{name}}:{{n}}', 'hail:7'],
    ['{{box.k}} {{{box.k}}}', '<v & "w"> <v & "w">'],
    ['[{{nothing}}] {{on}}', '[] true'],
    ['{{#each rows}}{{x}}{{#unless @last}},{{/unless}}{{/each}}', '1,2'],
    ['{{#each names}}{{this}}{{../n}}{{@root.name}}{{/each}}', 'a7hailb7hail'],
    ['{{#each names as |entry index|}}{{index}}{{entry}} {{/each}}', '0a 1b '],
    ['{{#each box}}{{@key}}={{this}}{{/each}}', 'k=<v & "w">'],
    ['{{#if off}}1{{else if on}}2{{else}}3{{/if}}', '2'],
    ['{{#with box}}{{k}}{{/with}}', '<v & "w">'],
    ['{{lookup box "k"}}', '<v & "w">'],
    ['{{cel "n * 2"}} {{cel "names.join(\', \')"}}', '14 a, b'],
    ['{{#each (cel "rows.filter(r, r.x > 1)")}}{{x}}{{/each}}', '2'],
    ['{{#each hosts}}{{name}}{{vars.port}}{{/each}}', 'a1'],
    // Values side by side are text, not a sum.
    ['{{n}}{{n}}{{on}}{{on}}', '77truetrue'],
    ['{{#each rows}}{{x}}{{@index}}{{/each}}', '1021'],
    // What a value holds is never a template.
    ['{{evil}}', '{{name}} {{cel "n"}}'],
    ['\\{{name}}', '{{name}}'],
  ])('%s', (text, rendered) => {
    expect(render(text)).toBe(rendered);
  });

  test('takes partials from beside it, which see what their caller sees', () => {
    expect(
      render('{{> row}}{{#each rows}}{{> cell}}{{/each}}', { 'd/row.hbs': '{{name}}\n', 'd/cell.hbs': '{{x}}' }),
    ).toBe('hail\n12');
  });

  test('waits for what is not known', () => {
    expect(() => render('{{facts.os}}')).toThrow(Unknown);
    expect(() => render('{{#if on}}{{cel "facts.cores + 1"}}{{/if}}')).toThrow(Unknown);
    expect(render('{{#if off}}{{facts.os}}{{/if}}')).toBe('');
  });

  test('with a secret in it is a secret', () => {
    const rendered = render('key {{secret}} {{secret}}{{#if secret}}!{{/if}}');
    expect(rendered).toBeInstanceOf(Secret);
    expect((rendered as Secret).reveal()).toBe('key p$&w p$&w!');
    expect((render('{{cel "\'<\' + secret"}}') as Secret).reveal()).toBe('<p$&w');
    expect(render('{{#if secret}}there{{/if}}')).toBe('there');
  });

  test('cannot reach JavaScript', () => {
    for (const text of [
      '{{box.constructor}}',
      '{{names.constructor.name}}',
      '{{#with (lookup box "constructor")}}{{name}}{{/with}}x',
    ]) {
      let rendered: unknown = '';
      try {
        rendered = render(text);
      } catch {
        // Refused is as good.
      }
      expect(String(rendered), text).not.toMatch(/function|Object|Array/);
    }
  });

  test('knows the names that it takes from the scope', () => {
    const text =
      '{{a}}{{#if b.c}}{{/if}}{{#each d as |e|}}{{e}}{{f}}{{../g}}{{@root.h}}{{else}}{{i}}{{/each}}{{cel "j + 1"}}{{lookup k l}}';
    const { references } = compileTemplate('t.hbs', () => text);
    expect(references.map(({ path }) => path.map(({ name }) => name).join('.'))).toEqual([
      'a',
      'b.c',
      'd',
      'g',
      'h',
      'i',
      'j',
      'k',
      'l',
    ]);
  });
});
