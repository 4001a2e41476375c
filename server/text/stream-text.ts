import { createHash } from 'node:crypto';
import type { HotWordsReport, StartMessage } from '../../client-sdk/protocol.ts';
import type { HotWord, HotWords, Hypothesis } from '../../inference/recognizer.ts';
import { captionLanguage } from '../language.ts';
import type { ServedModel } from '../models/served-models.ts';
import { MaskList } from './mask-list.ts';
import { numeralStage } from './numerals/numerals.ts';
import { punctuationStage } from './punctuation.ts';
import { settledCharacters, sparing, written } from './text-chain.ts';
import type { TextPlace, TextStage } from './text-stage.ts';
import type { Vocabulary, VocabularyUse } from './vocabularies.ts';

/** What a stream's text is made with. */
export interface StreamTextParts {
  readonly start: Pick<StartMessage, 'language' | 'hotWords' | 'mask' | 'numerals'>;
  readonly meeting: VocabularyUse;
  readonly model: Pick<ServedModel, 'capabilities' | 'canWrite'>;
  /** What nobody is to read on this server. */
  readonly mask: MaskList;
}

/** Ignored words that are told. */
const MAX_TOLD = 100;

/**
 * The words of one stream: what the recogniser is told to listen for, and how what it has heard is written. Both follow the
 * meeting's vocabulary as it changes.
 */
export class StreamText {
  readonly #parts: StreamTextParts;
  #known: { readonly vocabulary: Vocabulary; readonly words: Words } | null = null;

  constructor(parts: StreamTextParts) {
    this.#parts = parts;
  }

  /** For the next segment that is decoded; null where there are none, or the model does not listen for them. */
  get hotWords(): HotWords | null {
    return this.#words.hotWords;
  }

  /** What becomes of the hot words; null where there are none. */
  get report(): HotWordsReport | null {
    return this.#words.report;
  }

  /** What is read of what was heard. */
  written(hypothesis: Hypothesis, place: TextPlace): Hypothesis {
    return written(hypothesis, place, this.#stagesFor(hypothesis));
  }

  /** Characters of it that stay, if the model goes on to hear the first `agreed` characters. */
  settled(hypothesis: Hypothesis, agreed: number, continues: boolean): number {
    return settledCharacters(hypothesis.text.slice(0, agreed), { continues }, this.#stagesFor(hypothesis));
  }

  /** The stream is over. Idempotent. */
  end(): void {
    this.#parts.meeting.end();
  }

  #stagesFor({ language: heard }: Hypothesis): readonly TextStage[] {
    const { start, model } = this.#parts;
    const language = captionLanguage(start.language, heard, model.capabilities.languages);

    return this.#words.stages(language);
  }

  get #words(): Words {
    const vocabulary = this.#parts.meeting.current;
    if (this.#known?.vocabulary !== vocabulary)
      this.#known = { vocabulary, words: wordsOf(this.#parts, vocabulary) };

    return this.#known.words;
  }
}

interface Words {
  readonly hotWords: HotWords | null;
  readonly report: HotWordsReport | null;
  readonly stages: (language: string) => readonly TextStage[];
}

function wordsOf({ start, model, mask }: StreamTextParts, vocabulary: Vocabulary): Words {
  const asked = mergedHotWords(start.hotWords ?? [], vocabulary.hotWords);
  const { hotWords: supported, writesDigits, punctuates } = model.capabilities;
  const heard = supported ? asked.filter(({ text }) => model.canWrite(text)) : [];
  const used = new Set(heard);
  const ignored = supported ? asked.filter((word) => !used.has(word)) : [];
  const masks = mask.and(meetingMask(vocabulary)).with(start.mask ?? []);
  const stagesOf = (language: string) => {
    const numerals = start.numerals && !writesDigits ? numeralStage(language) : null;

    return [
      // A listed `sixty nine` is not to be read as 69.
      ...(numerals ? [sparing(masks, numerals)] : []),
      ...(punctuates ? [] : [punctuationStage(language)]),
      ...(masks.isEmpty ? [] : [masks]),
    ];
  };
  const known = new Map<string, readonly TextStage[]>();

  return {
    hotWords: heard.length === 0 ? null : { key: keyOf(heard), words: heard },
    report:
      asked.length === 0
        ? null
        : {
            supported,
            used: heard.length,
            ignored: ignored.slice(0, MAX_TOLD).map(({ text }) => text),
          },
    stages: (language) => {
      const stages = known.get(language) ?? stagesOf(language);
      known.set(language, stages);

      return stages;
    },
  };
}

/** Made once for all streams of a meeting. */
const meetingMasks = new WeakMap<Vocabulary, MaskList>();

function meetingMask(vocabulary: Vocabulary): MaskList {
  const known = meetingMasks.get(vocabulary) ?? MaskList.of(vocabulary.mask);
  meetingMasks.set(vocabulary, known);

  return known;
}

/** A stream's own come first: where both have a word, its weight is the stream's. */
function mergedHotWords(
  own: NonNullable<StartMessage['hotWords']>,
  meeting: readonly HotWord[],
): readonly HotWord[] {
  const words = new Map<string, HotWord>();
  for (const word of [...own, ...meeting]) {
    const { text, weight = 1 } = typeof word === 'string' ? { text: word } : word;
    if (!words.has(text)) words.set(text, { text, weight });
  }

  return [...words.values()];
}

function keyOf(words: readonly HotWord[]): string {
  const sorted = words.map(({ text, weight }) => [text, weight]).sort(([a], [b]) => (a! < b! ? -1 : 1));

  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 22);
}
