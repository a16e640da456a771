import { describe, expect, test } from 'vitest';
import { compileCel } from '../../engine/load/expression.ts';
import { compileText } from '../../engine/load/text.ts';
import { Unknown } from '../../engine/plan/playbook.ts';
import { Secret } from '../../engine/plan/secret.ts';

const at = (offset: number) => ({ file: 'f', line: 1, column: offset + 1 });

const scope = {
  n: 5,
  half: 0.5,
  name: 'hail',
  nothing: null,
  names: ['a', 'b'],
  numbers: [1, 2],
  box: { k: 'v', deep: { n: 3 } },
  secret: new Secret('s3cret'),
  groups: { cluster: ['a', 'b'] },
  hosts: { a: lazyHost('a'), b: lazyHost('b') },
  get facts(): never {
    throw new Unknown({ kind: 'facts', host: 'a' });
  },
};

function lazyHost(name: string) {
  return {
    name,
    get facts(): never {
      throw new Unknown({ kind: 'facts', host: name });
    },
  };
}

const evaluate = (text: string): unknown => compileText(text, at)?.evaluate(scope);

describe('a text with expressions', () => {
  test.each<[string, unknown]>([
    // YAML's integers enter CEL as ints and leave as numbers.
    ['{{ n + 1 }}', 6],
    ['{{ n * 2 }}', 10],
    ['{{ n / 2 }}', 2],
    ['{{ box.deep.n + numbers[1] }}', 5],
    ['{{ numbers.map(x, x * 2) }}', [2, 4]],
    ['{{ {"a": n, "b": [n]} }}', { a: 5, b: [5] }],
    ['{{ n * 0.75 }}', 3.75],
    ['{{ half + n }}', 5.5],
    ['{{ int("7") + n }}', 12],
    // One expression keeps its type; anything else is text.
    ['{{ n }}', 5],
    [' {{ n }}', ' 5'],
    ['{{ n }}{{ n }}', '55'],
    ['{{ names }}', ['a', 'b']],
    ['{{ nothing }}', null],
    ['{{ nothing == null }}', true],
    ['/opt/{{ name }}-{{ n }}/{{ half }}', '/opt/hail-5/0.5'],
    ['{{ names.join(",") }}', 'a,b'],
    ['{{ [1, "a", 1, "a"].unique() }}', [1, 'a']],
    ['{{ [1, "a", name] }}', [1, 'a', 'hail']],
    ['{{ n > 1 ? name : 1 }}', 'hail'],
    ['{{ box.?missing.orValue("none") }}', 'none'],
    ['{{ has(box.k) && !has(box.missing) }}', true],
    ['{{ timestamp("2024-01-01T00:00:00Z") }}', '2024-01-01T00:00:00.000Z'],
    // Where an expression ends.
    ['{{ "{{" }}', '{{'],
    ['{{ "{{" }}x{{ "}}" }}', '{{x}}'],
    ['{{ {"a": {"b": 1}}.a.b }}', 1],
    ['{{ {"a": {"b": 1}} }}', { a: { b: 1 } }],
    ['{{{"a":1}}}', { a: 1 }],
    ["{{ 'it\\'s }}' }}", "it's }}"],
    ['{{ r"a\\d" + "}}" }}', 'a\\d}}'],
    ['{{ """a"}}b""" }}', 'a"}}b'],
    // Only the first pair of braces matters to a text that has none of its own.
    ['a }} b {{ n }}', 'a }} b 5'],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  test('without any is not compiled', () => {
    expect(compileText('plain }} text', at)).toBeNull();
  });
});

describe('what is not known', () => {
  test('passes through', () => {
    expect(() => evaluate('{{ facts.cores + 1 }}')).toThrow(Unknown);
    expect(() => evaluate('x{{ hosts["b"].facts.os }}')).toThrow(
      expect.objectContaining({ need: { kind: 'facts', host: 'b' } }),
    );
  });

  test('does not matter where the answer is known without it', () => {
    expect(evaluate('{{ false && facts.cores > 1 }}')).toBe(false);
    expect(evaluate('{{ facts.cores > 1 || true }}')).toBe(true);
    expect(evaluate('{{ n > 1 ? 1 : facts.cores }}')).toBe(1);
  });

  test('wins over an error beside it, which may vanish once it is known', () => {
    expect(() => evaluate('{{ facts.cores > 1 && box.missing }}')).toThrow(Unknown);
    expect(() => evaluate('{{ box.missing > 1 && n > 1 }}')).toThrow('there is no "missing"');
  });
});

describe('values of the scope', () => {
  test('come out as the very same, unread', () => {
    const hosts = evaluate('{{ groups.cluster.map(h, hosts[h]) }}') as unknown[];
    expect(hosts[0]).toBe(scope.hosts.a);
    expect(hosts[1]).toBe(scope.hosts.b);
    expect(evaluate('{{ {"h": hosts.a} }}')).toEqual({ h: scope.hosts.a });
    expect(evaluate('{{ names }}')).toBe(scope.names);
  });

  test('are never read as expressions again', () => {
    const text = compileText('{{ evil }}', at);
    expect(text?.evaluate({ evil: '{{ secret }}' })).toBe('{{ secret }}');
    expect(compileText('<{{ evil }}>', at)?.evaluate({ evil: '{{ 1 + 1 }}' })).toBe('<{{ 1 + 1 }}>');
  });

  test('cannot reach JavaScript', () => {
    for (const text of [
      '{{ box.constructor }}',
      '{{ box.__proto__ }}',
      '{{ names.length }}',
      '{{ name.toString() }}',
      '{{ secret.reveal }}',
    ]) {
      expect(() => evaluate(text), text).toThrow();
    }
  });
});

describe('a secret', () => {
  test('stays one, alone and in a text', () => {
    expect(evaluate('{{ secret }}')).toBe(scope.secret);
    for (const text of ['key={{ secret }}', '{{ "key=" + secret }}']) {
      const value = evaluate(text);
      expect(value).toBeInstanceOf(Secret);
      expect((value as Secret).reveal()).toBe('key=s3cret');
      expect(String(value)).not.toContain('s3cret');
    }
    expect((evaluate('{{ secret + "!" }}') as Secret).reveal()).toBe('s3cret!');
  });

  test('tells nothing in an error', () => {
    expect(() => evaluate('{{ secret + 1 }}')).toThrow(
      expect.objectContaining({ message: '"+" does not work on Secret and int' }),
    );
    expect(() => evaluate('{{ secret.size() }}')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('s3cret') }),
    );
  });
});

describe('an expression', () => {
  test('may need itself for another host while it runs', () => {
    const cel = compileCel('["p", "q"].map(x, x + string(n) + (next == null ? "" : next.value))', at);
    const inner = { n: 2, next: null };
    const outer = {
      n: 1,
      next: Object.defineProperty({}, 'value', {
        enumerable: true,
        get: () => (cel.evaluate(inner) as string[]).join(''),
      }),
    };
    expect(cel.evaluate(outer)).toEqual(['p1p2q2', 'q1p2q2']);
  });

  test.each([
    ['a.b["c"].d + e[f]', ['a.b.c.d', 'e', 'f']],
    ['groups.cluster.map(h, hosts[h].vars.x + y)', ['groups.cluster', 'hosts', 'y']],
    ['cel.bind(q, n + 1, q * z)', ['n', 'z']],
    ['has(a.b) && b.exists(x, x == c)', ['a.b', 'b', 'c']],
    ['x.filter(x, x > 1)', ['x']],
    ['type(a) == int', ['a']],
    ['{"k": v, w: 1}', ['v', 'w']],
    ['a.?b.orValue(c)', ['a', 'c']],
  ])('takes its names from the scope: %s', (source, names) => {
    const { references } = compileCel(source, at);
    expect(references.map(({ path }) => path.map(({ name }) => name).join('.'))).toEqual(names);
  });
});
