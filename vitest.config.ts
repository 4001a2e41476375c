import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/models.setup.ts'],
    // One more than vitest's own choice on two cores: the tests mostly wait for real time to pass.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/counts-reporter.ts'],
  },
});
