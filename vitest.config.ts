import { defineConfig } from 'vitest/config';

/** `unit` needs nothing but this checkout; `e2e` raises real lab hosts, so its files run one after the other. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'], testTimeout: 20_000 } },
      {
        test: {
          name: 'e2e',
          env: { HAILBOOK_LAB_DIR: '/var/lib/hailbook-test' },
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
