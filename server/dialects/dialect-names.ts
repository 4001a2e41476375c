/** Names of the dialects, as `--dialects` has them. */
export const DIALECT_NAMES = ['deepgram', 'openai', 'funasr', 'vosk'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];
