import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HotWords, Recognizer } from '../inference/recognizer.ts';
import type { SenseVoiceGraphs } from '../inference/sensevoice/layout.ts';
import { SenseVoice } from '../inference/sensevoice/sensevoice.ts';
import { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { clip, threadUrl } from './support/models.ts';
import { recognizerOf } from './support/recognizer-pools.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';

const models = new SenseVoiceModels();
afterAll(() => models.remove());

let speech: Float32Array;
beforeAll(async () => {
  speech = await clip('1688-142285-0005.flac');
});

function hot(weight: number, ...words: readonly string[]): HotWords {
  return { key: `${weight} ${words}`, words: words.map((text) => ({ text, weight })) };
}

async function heard(model: Recognizer, hotWords?: HotWords) {
  const segment = { samples: speech, language: null, ...(hotWords && { hotWords }) };

  return (await model.decode([segment])).hypotheses[0]!;
}

/** A word that the weights, which are random, do not bring up. */
function rareWord(text: string): string {
  return ['speaker', '你好', '会议', 'です', 'theing', 'speaking'].find((word) => !text.includes(word))!;
}

describe.each([['sherpa-onnx'], ['funasr'], ['fun-asr-nano']] as const)('Hot words of %s', (packaging) => {
  let graphs: SenseVoiceGraphs;
  let model: Recognizer;
  beforeAll(async () => {
    graphs = await models.open({ packaging, seed: 3 });
    model = await SenseVoice.load(graphs, 'cpu');
  });
  afterAll(() => model.close());

  test('are heard where they are preferred enough, with times, and no segment beside them changes', async () => {
    const plain = await heard(model);
    const word = rareWord(plain.text);
    const { text, words = [], tokens, meanLogProb } = await heard(model, hot(10, word));
    expect(text).toContain(word);
    expect(text).not.toBe(plain.text);
    expect(words.map((each) => each.text).join('')).toBe(text.replaceAll(' ', ''));
    for (const [i, { startMs, endMs, confidence }] of words.entries()) {
      expect(endMs).toBeGreaterThan(startMs);
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
      if (i > 0) expect(startMs).toBeGreaterThanOrEqual(words[i - 1]!.startMs);
    }
    expect(tokens.length).toBeGreaterThan(0);
    expect(meanLogProb).toBeLessThanOrEqual(0);
    expect(await heard(model)).toEqual(plain);
  });

  test('change nothing where there is next to nothing between them and none', async () => {
    const plain = await heard(model);
    expect(await heard(model, hot(1e-9, '会议', 'speaker'))).toEqual(plain);
    // Cyrillic has no tokens.
    expect(await heard(model, hot(10, 'Привет'))).toEqual(plain);
  });

  test('reach the threads, which know them again by their key', async () => {
    const pool = await ThreadedRecognizers.start({
      workerUrl: threadUrl('recognizer-thread'),
      ...{ models: [graphs], devices: ['cpu'] as const },
    });
    const threads = recognizerOf(pool);
    try {
      const word = rareWord((await heard(model)).text);
      const alone = await heard(model, hot(10, word));
      expect(await heard(threads, hot(10, word))).toEqual(alone);
      expect(await heard(threads, hot(10, word))).toEqual(alone);
      expect(threads.capabilities.hotWords).toBe(true);
      expect([pool.canWrite(0, word), pool.canWrite(0, 'Привет')]).toEqual([true, false]);
    } finally {
      await threads.close();
    }
  });
});
