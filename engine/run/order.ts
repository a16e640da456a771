import pLimit from 'p-limit';

/** Runs `work` for all hosts at once, at most `forks` at a time, and waits for every one. `work` must not reject. */
export type InParallel = <H>(hosts: Iterable<H>, work: (host: H) => Promise<void>) => Promise<void>;

export function inParallel(forks: number): InParallel {
  const limit = pLimit(forks);
  return async (hosts, work) => {
    await Promise.all([...hosts].map((host) => limit(() => work(host))));
  };
}
