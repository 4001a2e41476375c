import { StreamError } from '../../errors.ts';

/** What a client's `config` decides. */
export interface VoskSettings {
  /** Hz. */
  readonly sampleRate: number;
  /** Whether finals carry `result`. */
  readonly words: boolean;
  /** Whether partials carry `partial_result`. */
  readonly partialWords: boolean;
  /** Whether finals come as `alternatives`, of which there is one. */
  readonly alternatives: boolean;
  /** As it was asked for, which need not be served; null for none. */
  readonly model: string | null;
}

/** Vosk's own server's. */
export const VOSK_DEFAULTS: VoskSettings = {
  sampleRate: 8000,
  words: true,
  partialWords: false,
  alternatives: false,
  model: null,
};

/**
 * Reads a text that has `config` in it, over what is there. What it does not name stays; what it names beside these,
 * phrases among it, is left aside.
 * @throws {StreamError} `bad-message`.
 */
export function readSettings(text: string, before: VoskSettings): VoskSettings {
  const config = readObject(text)?.config;
  if (typeof config !== 'object' || config === null)
    throw new StreamError('bad-message', 'config has to be JSON, as {"config": {"sample_rate": 16000}}.');
  const { sample_rate, words, partial_words, max_alternatives, model } = config as Record<string, unknown>;

  return {
    // Some clients send text, some 48000.0.
    sampleRate: sample_rate === undefined ? before.sampleRate : Math.round(Number(sample_rate)),
    words: words === undefined ? before.words : Boolean(words),
    partialWords: partial_words === undefined ? before.partialWords : Boolean(partial_words),
    alternatives: max_alternatives === undefined ? before.alternatives : Number(max_alternatives) > 0,
    model: model === undefined ? before.model : String(model),
  };
}

/** What a text without `config` asks for, however it is spaced; null when nothing is known of it. */
export function readCommand(text: string): 'eof' | 'reset' | null {
  const fields = readObject(text);
  if (fields?.eof) return 'eof';

  return fields?.reset ? 'reset' : null;
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);

    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
