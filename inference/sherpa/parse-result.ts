import type { OfflineResult } from 'sherpa-onnx-node';

/** Fields that are lists of numbers. No text has such a name in it: quotation marks are escaped there. */
const NUMBERS = /"(?:timestamps|durations|ys_log_probs)": \[[^\]"]*\]/g;
/** What JSON has no numbers for, as C++ writes them; on Windows with more behind. */
const NO_NUMBER = /-?(?:nan(?:\(\w+\))?|inf)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL = /[\u0000-\u001f]/g;

/**
 * Reads what sherpa-onnx writes of a result. It escapes neither line breaks nor other control characters in text, and has
 * `nan` where the audio was no sound.
 * @throws when it is no JSON all the same.
 */
export function parseResult(json: string): OfflineResult {
  const mended = json.replace(CONTROL, ' ').replace(NUMBERS, (numbers) => numbers.replace(NO_NUMBER, 'null'));
  const { ys_log_probs, ...result } = JSON.parse(mended) as OfflineResult;

  return { ...result, ys_log_probs: ys_log_probs.map((logProb) => logProb ?? Number.NaN) };
}
