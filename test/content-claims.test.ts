import { describe, expect, test } from 'vitest';
import { ContentClaims } from '../server/jobs/bullmq/content-claims.ts';
import type { Claimed } from '../server/jobs/bullmq/job-record.ts';
import type { JobRecords } from '../server/jobs/bullmq/job-records.ts';
import type { Attempt } from '../server/jobs/bullmq/node-attempt.ts';
import { Slots } from '../server/jobs/bullmq/slots.ts';
import { submitted } from '../server/jobs/job.ts';
import { JobAttempt, UNWANTED } from '../server/jobs/job-attempt.ts';
import { Speedometer } from '../server/jobs/speedometer.ts';
import { newJob } from './support/jobs.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

describe('A claim of what an attempt computes', () => {
  test('gives no slot back twice where the attempt ends before it is answered', async () => {
    const clock = new ManualClock();
    const slots = new Slots(1);
    let ends = 0;
    const speedometer = new (class extends Speedometer {
      override ended(): void {
        ends++;
      }
    })(clock);
    let answer: (claimed: Claimed) => void = () => {};
    const records = {
      claim: () =>
        new Promise<Claimed>((resolve) => {
          answer = resolve;
        }),
    } as unknown as JobRecords;
    const claims = new ContentClaims({
      ...{ records, clock, speedometer, slots: () => slots },
      release: async () => {},
    });
    await slots.take();
    const entry = { job: submitted(newJob(), 0), run: 'node/0', version: 1, isTold: false, hasNews: false };
    const attempt: Attempt = new JobAttempt(entry, clock, 1000, () => {});
    const claim = claims.claim(attempt, 'content').catch((error: unknown) => error);
    // Whoever ends it gives its slot back, as it was not parked.
    attempt.end(UNWANTED());
    answer({ type: 'wait', released: null });
    await settle();
    claims.ended();
    expect(await claim).toMatchObject({ code: 'job-finished' });
    expect(attempt.isParked).toBe(false);
    expect(ends).toBe(0);
    slots.give();
    await slots.take();
    let taken = false;
    void slots.take().then(() => {
      taken = true;
    });
    await settle();
    expect(taken).toBe(false);
  });
});
