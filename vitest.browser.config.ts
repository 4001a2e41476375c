import { defineConfig } from 'vitest/config';
import all from './vitest.config.ts';

/** The browser tests alone, one file after the other: a browser and a server take two cores by themselves. */
export default defineConfig({
  test: { ...all.test, include: ['test/browser/**/*.test.ts'], fileParallelism: false },
});
