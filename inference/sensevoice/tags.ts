import type { Emotion, SoundEvent } from '../recognizer.ts';

/** What a segment is like, as far as the model says. */
export interface Tags {
  /** BCP 47. */
  readonly language?: string;
  readonly emotion?: Emotion;
  readonly event?: SoundEvent;
}

const LANGUAGES: Readonly<Record<string, string>> = { zh: 'zh', en: 'en', yue: 'yue', ja: 'ja', ko: 'ko' };

/** `EMO_UNKNOWN` says nothing. */
const EMOTIONS: Readonly<Record<string, Emotion>> = {
  HAPPY: 'happy',
  SAD: 'sad',
  ANGRY: 'angry',
  NEUTRAL: 'neutral',
  FEARFUL: 'fearful',
  DISGUSTED: 'disgusted',
  SURPRISED: 'surprised',
};

/** `Event_UNK` and `GBG` say nothing. */
const EVENTS: Readonly<Record<string, SoundEvent>> = {
  Speech: 'speech',
  Speech_Noise: 'noise',
  BGM: 'music',
  Sing: 'singing',
  Applause: 'applause',
  Laughter: 'laughter',
  Cry: 'crying',
  Sneeze: 'sneeze',
  Breath: 'breath',
  Cough: 'cough',
};

/**
 * Reads the tags a segment begins with, by what they are called rather than by their order (An et al. 2024, "FunAudioLLM:
 * Voice Understanding and Generation Foundation Models for Natural Interaction Between Humans and LLMs"; the names are
 * those of FunASR's `postprocess_utils.py`). Names that are not known, and tags that say nothing, are left out.
 * @param names without their brackets: `HAPPY` for `<|HAPPY|>`.
 */
export function readTags(names: readonly string[]): Tags {
  const language = first(names, LANGUAGES);
  const emotion = first(names, EMOTIONS);
  const event = first(names, EVENTS);

  return { ...(language && { language }), ...(emotion && { emotion }), ...(event && { event }) };
}

function first<T>(names: readonly string[], known: Readonly<Record<string, T>>): T | undefined {
  const name = names.find((candidate) => Object.hasOwn(known, candidate));

  return name === undefined ? undefined : known[name];
}
