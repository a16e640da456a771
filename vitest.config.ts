import { defineConfig } from 'vitest/config';

/** The tests' own lab; another one for who works on them while others run. */
const env = { HAILBOOK_LAB_DIR: process.env.HAILBOOK_LAB_DIR ?? '/var/lib/hailbook-test' };

/** Of the end-to-end tests those that only the full run has. */
const LONG = ['busybox', 'firewall', 'installed', 'packages', 'service', 'shared-home'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

/**
 * `unit` needs nothing but this checkout; `e2e` raises real lab hosts, so its files run one after the other, and `full` what of that
 * takes long (npm run e2e:full); `property` tries random states and arguments on one of them, and `hostile` lets others attack one.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,full,property,hostile}/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          env,
          include: ['test/e2e/**/*.test.ts'],
          exclude: process.env.HAILBOOK_FULL ? [] : LONG,
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'full',
          env,
          include: ['test/full/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'property',
          env,
          include: ['test/property/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'hostile',
          env,
          include: ['test/hostile/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
