import { defineConfig } from 'vitest/config';

const BROWSER = 'test/browser/**/*.test.ts';
const SERVICES = 'test/services/**/*.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/models.setup.ts'],
    // One more than vitest's own choice on two cores: the tests mostly wait for real time to pass.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/counts-reporter.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'server', include: ['test/**/*.test.ts'], exclude: [BROWSER, SERVICES] },
      },
      {
        extends: true,
        // With services of their own, which most machines lack: `npm run test:services`.
        test: { name: 'services', include: [SERVICES], globalSetup: ['test/services/services.setup.ts'] },
      },
      {
        extends: true,
        // After the others, and one file after the other: a browser and a server take two cores by themselves.
        test: { name: 'browser', include: [BROWSER], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
