import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hypothesis } from '../inference/recognizer.ts';
import type { SegmentRange } from '../server/stream/segmenter.ts';
import { Transcript, type TranscriptEvent } from '../server/stream/transcript.ts';

function range(segmentId: number, revision = 0): SegmentRange {
  return {
    segmentId,
    revision,
    startSample: segmentId * 16_000,
    endSample: segmentId * 16_000 + 512 * (revision + 1),
  };
}

function heard(text: string): Hypothesis {
  return { text, tokens: [], meanLogProb: -0.1, cut: null };
}

/** Events in short: `partial 0: text`, `final 0: text`, `lost 0`. */
function short(events: readonly TranscriptEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'lost') return `lost ${event.range.segmentId}`;
    const text = event.type === 'final' ? event.hypothesis.text : event.text;

    return `${event.type} ${event.range.segmentId}: ${text}`;
  });
}

function stableText(transcript: Transcript, revision: number, text: string): string | undefined {
  const [event] = transcript.partial(range(0, revision), heard(text));

  return event?.type === 'partial' ? event.text.slice(0, event.stableChars) : undefined;
}

describe('Transcript', () => {
  test('tells partials in the order of their revisions and drops stale ones', () => {
    const transcript = new Transcript();
    expect(short(transcript.partial(range(0, 1), heard('good')))).toEqual(['partial 0: good']);
    expect(transcript.partial(range(0, 0), heard('go'))).toEqual([]);
    expect(transcript.partial(range(0, 1), heard('goods'))).toEqual([]);
    expect(short(transcript.partial(range(0, 2), heard('good day')))).toEqual(['partial 0: good day']);
  });

  test('calls stable what two successive partials agree on, in whole words', () => {
    const transcript = new Transcript();
    expect(stableText(transcript, 0, 'the quick')).toBe('');
    expect(stableText(transcript, 1, 'the quicker brown')).toBe('the');
    expect(stableText(transcript, 2, 'the quicker brown fox')).toBe('the quicker brown');
    expect(stableText(transcript, 3, 'a quicker brown fox')).toBe('');
    expect(stableText(transcript, 4, 'a quicker')).toBe('a quicker');
  });

  test('calls stable each character that two partials agree on, where no blanks part words', () => {
    const transcript = new Transcript();
    expect(stableText(transcript, 0, '你好')).toBe('');
    expect(stableText(transcript, 1, '你好，我们今天')).toBe('你');
    expect(stableText(transcript, 2, '你好，我们 use web')).toBe('你好，我们');
  });

  test('says nothing of partials without text, but takes back one that had some', () => {
    const transcript = new Transcript();
    expect(transcript.partial(range(0, 0), heard(''))).toEqual([]);
    expect(stableText(transcript, 1, 'um')).toBe('');
    expect(transcript.partial(range(0, 2), heard(''))).toMatchObject([
      { type: 'partial', text: '', stableChars: 0 },
    ]);
    expect(transcript.partial(range(0, 3), heard(''))).toEqual([]);
  });

  test('tells finals in the order of their segments, each once', () => {
    const transcript = new Transcript();
    expect(transcript.final(range(2), 'silence', heard('three'))).toEqual([]);
    expect(transcript.final(range(1), 'silence', heard('two'))).toEqual([]);
    expect(transcript.nextSegmentId).toBe(0);
    expect(short(transcript.final(range(0), 'silence', heard('one')))).toEqual([
      'final 0: one',
      'final 1: two',
      'final 2: three',
    ]);
    expect(transcript.nextSegmentId).toBe(3);
    expect(transcript.final(range(1), 'silence', heard('again'))).toEqual([]);
  });

  test('tells a lost segment in its place', () => {
    const transcript = new Transcript();
    expect(transcript.lost(range(1))).toEqual([]);
    expect(short(transcript.final(range(0), 'silence', heard('one')))).toEqual(['final 0: one', 'lost 1']);
    expect(transcript.final(range(1), 'silence', heard('late'))).toEqual([]);
  });

  test('takes the first ending of a segment and no other while it waits', () => {
    const transcript = new Transcript();
    transcript.final(range(1), 'silence', heard('first'));
    expect(transcript.lost(range(1))).toEqual([]);
    expect(short(transcript.lost(range(0)))).toEqual(['lost 0', 'final 1: first']);
  });

  test('drops partials of a segment that has ended, told or not', () => {
    const transcript = new Transcript();
    transcript.final(range(1), 'silence', heard('two'));
    expect(transcript.partial(range(1, 9), heard('late'))).toEqual([]);
    transcript.final(range(0), 'silence', heard('one'));
    expect(transcript.partial(range(0, 9), heard('late'))).toEqual([]);
  });

  test('hides a final without text unless it takes back a partial', () => {
    const transcript = new Transcript();
    expect(transcript.final(range(0), 'silence', heard(''))).toMatchObject([{ visible: false }]);
    transcript.partial(range(1), heard('um'));
    expect(transcript.final(range(1, 1), 'silence', heard(''))).toMatchObject([{ visible: true }]);
    expect(transcript.final(range(2), 'flush', heard('so'))).toMatchObject([
      { visible: true, endpoint: 'flush' },
    ]);
  });

  test('ends every segment once and in order, whatever the order in which threads finish', () => {
    const order = fc
      .integer({ min: 1, max: 12 })
      .chain((count) =>
        fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
      );
    fc.assert(
      fc.property(order, fc.infiniteStream(fc.boolean()), (ids, lost) => {
        const transcript = new Transcript();
        const ended = ids.flatMap((id) =>
          lost.next().value ? transcript.lost(range(id)) : transcript.final(range(id), 'silence', heard('x')),
        );
        expect(ended.map((event) => event.range.segmentId)).toEqual([...ids.keys()]);
      }),
    );
  });
});
