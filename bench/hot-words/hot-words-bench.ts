import { loadMoonshine } from '../../inference/moonshine/load-moonshine.ts';
import type { HotWords, Recognizer } from '../../inference/recognizer.ts';
import { Failure } from '../../server/failure.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import { readSpokenClips, type SpokenClip, shuffle } from '../engine/spoken-clips.ts';
import { rebuiltGraphs } from '../rebuilt-graphs.ts';
import { namesOfTheWorld, rareWords, written } from './rare-words.ts';
import { type HeardTwice, type HotWordScore, scoreHotWords } from './word-scores.ts';

/** What to measure, and on what. */
export interface HotWordsOptions {
  readonly data: string;
  readonly model: ResolvedModel;
  /** Folder of the clips that are reported: all others are those that were tuned on. */
  readonly reported: string;
  /** Words in a list. */
  readonly sizes: readonly number[];
  /** Told which clips are left out, and how far it is. */
  readonly note: (sentence: string) => void;
}

/** How a list did on one half of the clips. */
export interface ListScore extends HotWordScore {
  readonly half: 'reported' | 'tuned on';
  /** Words in the list. */
  readonly list: number;
  /** What was heard otherwise with hot words than without. */
  readonly changes: readonly { readonly path: string; readonly plain: string; readonly mended: string }[];
}

/**
 * Has every clip heard without hot words and with each list, all in turn. A list holds all rare words that are said in
 * its half, and is filled up with rare words of the other half and names of countries and languages. Every clip is given the whole list.
 */
export async function measureHotWords(options: HotWordsOptions): Promise<readonly ListScore[]> {
  const recognizer = await loadMoonshine(await rebuiltGraphs(options.model), 'cpu');
  try {
    const { languages, maxSegmentSamples } = recognizer.capabilities;
    const clips = await readSpokenClips({
      ...{ data: options.data, languages, maxSamples: maxSegmentSamples, note: options.note },
      count: Number.POSITIVE_INFINITY,
    });
    const isReported = ({ path }: SpokenClip) => path.startsWith(`${options.reported}/`);
    const reported = clips.filter(isReported);
    const tuned = clips.filter((clip) => !isReported(clip));
    if (reported.length === 0) throw new Failure(`There are no clips in ${options.reported}.`);
    // What is loaded, allocated and compiled at the first call is on no list's clock.
    await decode(recognizer, clips[0]!, hotWords([...namesOfTheWorld()]));

    return [
      ...(await measureHalf(recognizer, 'reported', reported, tuned, options)),
      ...(await measureHalf(recognizer, 'tuned on', tuned, reported, options)),
    ];
  } finally {
    await recognizer.close();
  }
}

async function measureHalf(
  recognizer: Recognizer,
  half: ListScore['half'],
  clips: readonly SpokenClip[],
  others: readonly SpokenClip[],
  { sizes, note }: HotWordsOptions,
): Promise<readonly ListScore[]> {
  const own = rareWords(clips.map(({ reference }) => reference));
  const more = rareWords(others.map(({ reference }) => reference)).filter((word) => !own.includes(word));
  const all = [...own.map(written), ...shuffle([...more.map(written), ...namesOfTheWorld()])];
  const lists = sizes.filter((size) => size >= own.length).map((size) => [...new Set(all)].slice(0, size));
  const heard: HeardTwice[][] = lists.map(() => []);
  for (const [done, clip] of clips.entries()) {
    const plain = await decode(recognizer, clip);
    for (const [i, list] of lists.entries()) {
      const mended = await decode(recognizer, clip, hotWords(list));
      const both = { plain: plain.text, mended: mended.text, plainMs: plain.ms, mendedMs: mended.ms };
      heard[i]!.push({ reference: clip.reference, ...both });
    }
    if (done % 10 === 9) note(`${half}: ${done + 1} of ${clips.length} clips`);
  }

  return lists.map((list, i) => {
    const listed = new Set(list.map((word) => word.toLowerCase()));
    const changes = heard[i]!.flatMap(({ plain, mended }, at) =>
      plain === mended ? [] : [{ path: clips[at]!.path, plain, mended }],
    );

    return { half, list: list.length, ...scoreHotWords(heard[i]!, (word) => listed.has(word)), changes };
  });
}

function hotWords(list: readonly string[]): HotWords {
  return { key: list.join('\n'), words: list.map((text) => ({ text, weight: 1 })) };
}

/** What is heard in a clip, and the processor's time for it: that of the clock is shared with whatever else runs. */
async function decode(recognizer: Recognizer, { audio }: SpokenClip, words?: HotWords) {
  const before = process.cpuUsage();
  const segment = { samples: audio.slice(), language: null, ...(words && { hotWords: words }) };
  const { hypotheses } = await recognizer.decode([segment]);

  const { user, system } = process.cpuUsage(before);

  return { text: hypotheses[0]!.text, ms: (user + system) / 1000 };
}
