import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints the one line that says how the run went, for scripts that read it. Where `ROUNDTABLE_TEST_COUNTS` names a file, the
 * line goes there instead: whoever runs the tests in several parts prints the sum.
 */
export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that fails before its tests are known counts as one failure.
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') counts[state]++;
        else counts.skipped++;
      }
    }
    const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    const file = process.env.ROUNDTABLE_TEST_COUNTS;
    if (file) appendFileSync(file, `${line}\n`);
    else console.log(line);
  }
}
