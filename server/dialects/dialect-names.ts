/** Names of the dialects, as `--dialects` has them. */
export const DIALECT_NAMES = ['deepgram', 'openai', 'funasr', 'vosk'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** Whether the settings ask for a dialect. @param dialects names separated by commas, or `none`. */
export function isSpoken({ dialects }: { readonly dialects: string }, name: DialectName): boolean {
  return dialects.split(',').includes(name);
}
