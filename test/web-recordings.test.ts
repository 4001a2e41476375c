import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../web/recordings/event-reader.ts';
import { paragraphsOf, sentenceAt } from '../web/recordings/sentences.ts';
import { captionOfHash, captionPath } from '../web/shell/meeting-path.ts';

describe('The reader of server-sent events', () => {
  const TEXT =
    'retry: 2000\n\n:\n\nevent: job\ndata: {"id":"a"}\n\ndata:first\r\ndata: second\r\n\r\nevent: empty\n\ndata: 日本\r\rid: 7\ndata\n\n';
  const EVENTS = [
    { name: 'job', data: '{"id":"a"}' },
    { name: 'message', data: 'first\nsecond' },
    { name: 'message', data: '日本' },
    { name: 'message', data: '' },
  ];

  it('reads the same events wherever the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TEXT.length)), (cuts) => {
        const reader = new EventReader();
        const places = [0, ...cuts.sort((a, b) => a - b), TEXT.length];
        const events = places.slice(1).flatMap((to, i) => reader.read(TEXT.slice(places[i], to)));
        expect(events).toEqual(EVENTS);
      }),
    );
  });

  it('tells nothing of an event that has not ended', () => {
    expect(new EventReader().read('event: job\ndata: {"id":"a"}\n')).toEqual([]);
  });
});

describe('The sentences of a recording', () => {
  const caption = (startMs: number, endMs: number, text: string) => ({
    captionId: `c:${startMs}`,
    ...{ startMs, endMs, text },
  });
  const textsOf = (text: string) =>
    paragraphsOf({ captions: [caption(0, 1000, text)] })[0]!.sentences.map((sentence) => sentence.text);

  it('end where people end them, in the scripts that they write', () => {
    expect(textsOf('It costs 3.50 euros. Does it? “Yes!” She left…')).toEqual([
      'It costs 3.50 euros. ',
      'Does it? ',
      '“Yes!” ',
      'She left…',
    ]);
    expect(textsOf('今天很好。真的吗？“是的！”好')).toEqual(['今天很好。', '真的吗？', '“是的！”', '好']);
  });

  it('are the whole caption, one after the other in its time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'B', '.', '?', '。', '」', ' ', '\n', '7', '🙂'), { minLength: 1 }),
        (letters) => {
          const text = letters.join('');
          const [{ sentences } = { sentences: [] }] = paragraphsOf({ captions: [caption(500, 9500, text)] });
          expect(sentences.map((sentence) => sentence.text).join('')).toBe(text);
          expect(sentences[0]!.startMs).toBe(500);
          expect(sentences.at(-1)!.endMs).toBe(9500);
          for (const [i, sentence] of sentences.slice(1).entries())
            expect(sentence.startMs).toBe(sentences[i]!.endMs);
        },
      ),
    );
  });

  it('begin when their first word is said, where words have times', () => {
    const words = [
      { text: 'One.', startMs: 1200, endMs: 1500, confidence: 1 },
      { text: 'Two.', startMs: 2600, endMs: 2900, confidence: 1 },
    ];
    const [paragraph] = paragraphsOf({ captions: [{ ...caption(1000, 3000, 'One. Two.'), words }] });
    expect(paragraph!.sentences).toEqual([
      { startMs: 1000, endMs: 1500, text: 'One. ' },
      { startMs: 2600, endMs: 3000, text: 'Two.' },
    ]);
  });

  it('are played from when they begin until the next one does', () => {
    const sentences = paragraphsOf({
      captions: [caption(1000, 3000, 'One. Two.'), caption(8000, 9000, 'Three.')],
    }).flatMap((paragraph) => paragraph.sentences);
    const starts = sentences.map(({ startMs }) => startMs);
    expect(starts).toEqual([1000, 2111, 8000]);
    expect([999, 1000, 2110, 2111, 5000, 7999, 8000, 60_000].map((at) => sentenceAt(sentences, at))).toEqual([
      -1, 0, 0, 1, 1, 1, 2, 2,
    ]);
    expect(sentenceAt([], 5)).toBe(-1);
  });
});

describe('The address of a caption', () => {
  it('leads to it, whatever its meeting and its id are', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (meeting, captionId) => {
        const url = new URL(captionPath(meeting, captionId), 'http://127.0.0.1');
        expect(captionOfHash(url.hash)).toBe(captionId);
      }),
    );
    expect(captionOfHash('#contents')).toBeNull();
    expect(captionOfHash('')).toBeNull();
  });
});
