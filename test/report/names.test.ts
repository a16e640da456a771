import { describe, expect, it } from 'vitest';
import { compressNames, describeHosts } from '../../engine/report/names.ts';

describe('compressNames', () => {
  it.each([
    [[], ''],
    [['a'], 'a'],
    [['spark-master', 'spark-worker1', 'spark-worker2', 'spark-worker3'], 'spark-master, spark-worker[1:3]'],
    [['w1', 'w3', 'w4'], 'w1, w[3:4]'],
    [['n09', 'n10', 'n11'], 'n[09:11]'],
    [['n9', 'n10'], 'n[9:10]'],
    [['n9', 'n010'], 'n9, n010'],
    [['n01', 'n2'], 'n01, n2'],
    [['rack1-a', 'rack2-a', 'rack3-b'], 'rack[1:2]-a, rack3-b'],
    [['10.0.0.1', '10.0.0.2'], '10.0.0.[1:2]'],
    [['w2', 'w1'], 'w2, w1'],
  ])('%j → %s', (names, expected) => expect(compressNames(names)).toBe(expected));
});

describe('describeHosts', () => {
  const all = ['m', 'w1', 'w2'];
  it('says all only when it is all', () => {
    expect(describeHosts(['w2', 'm', 'w1'], all)).toBe('all 3 hosts');
    expect(describeHosts(['w2', 'w1'], all)).toBe('w[1:2]');
  });
  it('names the only host of a play', () => expect(describeHosts(['m'], ['m'])).toBe('m'));
});
