import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { StreamError } from '../server/errors.ts';
import { type Job, submitted } from '../server/jobs/job.ts';
import type { JobResult, JobRun } from '../server/jobs/job-queue.ts';
import { jobRunner } from '../server/jobs/job-runner.ts';
import { NO_WORDS, type Vocabulary } from '../server/text/vocabularies.ts';
import { readClips } from './support/audio.ts';
import { jobResult, newJob } from './support/jobs.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

const clips = await readClips();

function setUp(fields: Partial<Job> = {}) {
  const clock = new ManualClock();
  const job = { ...submitted(newJob(), 1000), ...fields };
  const kept: FinalMessage[] = [];
  /** What the history says of captions; it has room once this is through. */
  const hasRoom: (boolean | Promise<boolean>)[] = [];
  const contents: string[] = [];
  const abort = new AbortController();
  const vocabularies = new Map<string, Vocabulary>();
  /** Vocabularies that streams were asked for with. */
  const asked: (Vocabulary | undefined)[] = [];
  let refusals = 0;
  let alive = 0;
  const run = (known: JobResult | null): JobRun => ({
    signal: abort.signal,
    progress: () => {
      alive++;
    },
    claim: async (content) => {
      contents.push(content);

      return known;
    },
  });
  const runner = (audioHash = 'a hash') =>
    jobRunner({
      clock,
      files: { path: () => clips[0]!.path },
      examiner: { examine: async () => ({ lengthMs: 2835, audioHash }) },
      lobby: {
        speaker: (_connection, _caller, { vocabulary }) => {
          asked.push(vocabulary);
          refusals++;
          throw new StreamError('busy', undefined, { retryAfterMs: 3000 });
        },
      },
      fetch: async () => {},
      maxRecordingMs: 1e6,
      basis: ({ model }) => {
        if (model === 'gone') throw new StreamError('unsupported-model');

        return model ?? 'a model';
      },
      vocabularyOf: (meeting) => vocabularies.get(meeting) ?? NO_WORDS,
      keep: async (captions) => {
        kept.push(...captions);

        return hasRoom.shift() ?? true;
      },
    });

  return {
    ...{ clock, job, kept, hasRoom, contents, abort, run, runner, vocabularies, asked },
    refusals: () => refusals,
    alive: () => alive,
  };
}

const options = { language: null, endpointing: null, meeting: null, speaker: null };

describe('jobRunner', () => {
  test('has the captions of another job under ids and names of its own', async () => {
    const { job, run, runner, kept } = setUp({ options: { ...options, meeting: 'archive', speaker: 'Ada' } });
    const result = await runner()(job, run(jobResult('Said before.')));
    expect(result.captions).toMatchObject([
      { captionId: `${job.id}:0`, streamId: job.id, meeting: 'archive', speaker: 'Ada', spokenAtMs: 1000 },
    ]);
    expect(kept).toEqual(result.captions);
  });

  test('has captioned nothing before the history has stored it, and gives signs of life meanwhile', async () => {
    const { clock, job, run, runner, kept, hasRoom, alive } = setUp({
      options: { ...options, meeting: 'archive' },
    });
    let store: (isKept: boolean) => void = () => {};
    hasRoom.push(
      false,
      new Promise((resolve) => {
        store = resolve;
      }),
    );
    let result: JobResult | null = null;
    const running = runner()(job, run(jobResult('Said before.'))).then((its) => {
      result = its;
    });
    await settle();
    const before = alive();
    clock.advance(2000);
    await settle();
    clock.advance(5000);
    await settle();
    expect(kept).toHaveLength(2);
    expect(result).toBeNull();
    expect(alive()).toBeGreaterThan(before + 4);
    store(true);
    await running;
    expect(result).not.toBeNull();
    expect(clock.pendingTimers).toBe(0);
  });

  test('keeps the times of words with the result, and none of them in the history', async () => {
    const { job, run, runner, kept } = setUp({ options: { ...options, meeting: 'archive' } });
    const known = jobResult('Said.');
    const words = [{ text: 'Said.', startMs: 60, endMs: 240, confidence: 0.9 }];
    const result = await runner()(
      job,
      run({ ...known, captions: known.captions.map((caption) => ({ ...caption, words })) }),
    );
    expect(result.captions).toMatchObject([{ words }]);
    expect(kept).toMatchObject([{ text: 'Said.' }]);
    expect(kept[0]).not.toHaveProperty('words');
  });

  test('keeps nothing in the history of a job that names no meeting', async () => {
    const { job, run, runner, kept } = setUp();
    await runner()(job, run(jobResult('Said before.')));
    expect(kept).toEqual([]);
  });

  test('takes jobs for equal only if they listen for the same words, and mask the same', async () => {
    const words: Vocabulary = { hotWords: [{ text: 'Ada', weight: 1 }], mask: [] };
    const contentOf = async (more: Partial<Job['options']>, vocabulary: Vocabulary = NO_WORDS) => {
      const { job, run, runner, contents, vocabularies } = setUp({ options: { ...options, ...more } });
      vocabularies.set('archive', vocabulary);
      await runner()(job, run(jobResult('')));

      return contents[0];
    };
    const contents = await Promise.all([
      contentOf({}),
      contentOf({ hotWords: words.hotWords }),
      contentOf({ hotWords: [{ text: 'Ada', weight: 2 }] }),
      contentOf({ mask: ['darn'] }),
      contentOf({ numerals: true }),
      contentOf({ meeting: 'archive' }, words),
    ]);
    expect(new Set(contents).size).toBe(6);
    expect(await contentOf({ meeting: 'archive' })).toBe(contents[0]);
    expect(await contentOf({ meeting: 'another' }, words)).toBe(contents[0]);
  });

  test('is captioned with the words that it is known by, whatever its meeting is given meanwhile', async () => {
    const { clock, job, abort, run, runner, vocabularies, asked } = setUp({
      options: { ...options, meeting: 'archive' },
    });
    const words: Vocabulary = { hotWords: [], mask: ['darn'] };
    vocabularies.set('archive', words);
    const running = runner()(job, run(null));
    running.catch(() => {});
    await expect.poll(() => asked.length).toBe(1);
    vocabularies.set('archive', NO_WORDS);
    await expect.poll(() => settle().then(() => clock.pendingTimers)).toBeGreaterThan(0);
    clock.advance(3000);
    await expect.poll(() => asked.length).toBe(2);
    expect(asked).toEqual([words, words]);
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('takes jobs for equal by their audio, their options and their key, and by nothing else', async () => {
    const contentOf = async (fields: Partial<Job>, audioHash?: string) => {
      const { job, run, runner, contents } = setUp(fields);
      await runner(audioHash)(job, run(jobResult('')));

      return contents[0];
    };
    const one = await contentOf({});
    expect(await contentOf({ fileName: 'other.mp3', bytes: 5, class: 'low', callbackUrl: 'http://x/' })).toBe(
      one,
    );
    expect(await contentOf({ options: { ...options, meeting: 'm', speaker: 's' } })).toBe(one);
    expect(await contentOf({}, 'another hash')).not.toBe(one);
    expect(await contentOf({ key: 'somebody' })).not.toBe(one);
    expect(await contentOf({ options: { ...options, language: 'en' } })).not.toBe(one);
    expect(await contentOf({ options: { ...options, model: 'another' } })).not.toBe(one);
    expect(await contentOf({ options: { ...options, model: null } })).toBe(one);
    expect(await contentOf({ options: { ...options, endpointing: { minSilenceMs: 300 } } })).not.toBe(one);
  });

  test('fails a job whose model is not served any more, and computes nothing for it', async () => {
    const { job, run, runner, contents, refusals } = setUp({ options: { ...options, model: 'gone' } });
    await expect(runner()(job, run(null))).rejects.toMatchObject({ code: 'unsupported-model' });
    expect([contents, refusals()]).toEqual([[], 0]);
  });

  test('asks again for as long as a busy server lets nobody in, and gives signs of life meanwhile', async () => {
    const { clock, job, run, runner, abort, refusals, alive } = setUp();
    const running = runner()(job, run(null));
    running.catch(() => {});
    const pass = async (ms: number) => {
      clock.advance(ms);
      await expect.poll(() => settle().then(() => clock.pendingTimers)).toBeGreaterThan(0);
    };
    await pass(0);
    for (let i = 0; i < 5; i++) await pass(3000);
    expect(refusals()).toBeGreaterThan(3);
    expect(alive()).toBeGreaterThan(3);
    abort.abort(new StreamError('job-finished'));
    await expect(running).rejects.toMatchObject({ code: 'job-finished' });
  });
});
