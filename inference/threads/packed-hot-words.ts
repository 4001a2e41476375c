import type { HotWord, HotWords, SpeechSegment } from '../recognizer.ts';

/** Hot words as one text: copying hundreds of objects to a thread with each segment would hold up the thread that sends them. */
interface PackedHotWords {
  readonly key: string;
  readonly json: string;
}

/** A segment on its way to a thread. */
export interface PackedSegment extends Omit<SpeechSegment, 'hotWords'> {
  readonly hotWords?: PackedHotWords;
}

/** Packs each list once. */
export class HotWordPacker {
  readonly #packed = new WeakMap<HotWords, PackedHotWords>();

  packed({ hotWords, ...segment }: SpeechSegment): PackedSegment {
    if (!hotWords) return segment;
    let packed = this.#packed.get(hotWords);
    if (!packed) {
      packed = { key: hotWords.key, json: JSON.stringify(hotWords.words) };
      this.#packed.set(hotWords, packed);
    }

    return { ...segment, hotWords: packed };
  }
}

/** The segment as it was. The words are read when somebody looks at them, which is once for each list. */
export function unpacked({ hotWords, ...segment }: PackedSegment): SpeechSegment {
  if (!hotWords) return segment;
  const { key, json } = hotWords;

  return {
    ...segment,
    hotWords: {
      key,
      get words() {
        return JSON.parse(json) as readonly HotWord[];
      },
    },
  };
}
