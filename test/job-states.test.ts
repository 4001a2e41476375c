import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JobEvent, step, submitted } from '../server/jobs/job.ts';
import { JOB_ID, newJobId } from '../server/jobs/job-id.ts';
import { drawStates, isFinished, JOB_STATES, TRANSITIONS } from '../server/jobs/job-states.ts';
import { newJob } from './support/jobs.ts';

const PAGE = new URL('../docs/recordings.md', import.meta.url);

const events: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.record({ type: fc.constant('begin' as const), atMs: fc.nat() }),
  fc.record({
    ...{ type: fc.constant('complete' as const), atMs: fc.nat() },
    ...{ lengthMs: fc.nat(), shared: fc.boolean() },
  }),
  fc.record({
    ...{ type: fc.constant('retry' as const), notBeforeMs: fc.nat(), counts: fc.boolean() },
    error: fc.constant(null),
  }),
  fc.record({
    ...{ type: fc.constant('fail' as const), atMs: fc.nat() },
    error: fc.constant({ code: 'internal' as const, message: 'It failed.' }),
  }),
  fc.record({ type: fc.constant('cancel' as const), atMs: fc.nat() }),
);

describe("A job's states", () => {
  test('are drawn as they are', async () => {
    const page = await readFile(PAGE, 'utf8');
    expect(page).toContain(`\`\`\`mermaid\n${drawStates()}\n\`\`\``);
  });

  test('can all be reached, and those that are through lead nowhere', () => {
    const reached = new Set(['queued', ...Object.values(TRANSITIONS).flatMap((to) => Object.values(to))]);
    expect(reached).toEqual(new Set(JOB_STATES));
    expect(JOB_STATES.filter(isFinished)).toEqual(['completed', 'failed', 'cancelled']);
  });

  test('change by their table and by nothing else, and never once a job is through', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 30 }), (all) => {
        let job = submitted(newJob({ callbackUrl: 'https://example.org/' }), 0);
        for (const event of all) {
          const next = step(job, event);
          expect(next?.state).toBe(TRANSITIONS[job.state][event.type]);
          if (isFinished(job.state)) expect(next).toBeNull();
          job = next ?? job;
          expect(job.finishedAtMs !== null).toBe(isFinished(job.state));
          expect(job.callback).toBe(isFinished(job.state) ? 'waiting' : 'none');
          expect(job.attempts).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('Ids of jobs', () => {
  test('sort by the time they were made, and are told from other text', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), fc.nat({ max: 1e6 }), (earlierMs, laterByMs) => {
        const earlier = newJobId(earlierMs);
        expect(earlier).toMatch(JOB_ID);
        expect(newJobId(earlierMs + laterByMs + 1) > earlier).toBe(true);
      }),
    );
    expect(newJobId(0)).not.toBe(newJobId(0));
    expect('../history.db').not.toMatch(JOB_ID);
  });
});
