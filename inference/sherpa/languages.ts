import type { SherpaModel } from './sherpa-graphs.ts';

/** Of a model of which nobody can tell. */
const ANY = ['*'];
export const WHISPER_ENGLISH: readonly string[] = ['en'];
/** Fun-ASR-Nano-2512. */
export const FUN_ASR_NANO_LANGUAGES: readonly string[] = ['zh', 'en', 'ja'];
/** NVIDIA's card of parakeet-tdt-0.6b-v3. */
const PARAKEET_V3 = [
  ...['bg', 'hr', 'cs', 'da', 'nl', 'en', 'et', 'fi', 'fr', 'de', 'el', 'hu', 'it', 'lv', 'lt', 'mt', 'pl'],
  ...['pt', 'ro', 'sk', 'sl', 'es', 'sv', 'ru', 'uk'],
];
/** Names of languages in the names of sherpa-onnx' releases, besides their codes. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ english: 'en', chinese: 'zh', mandarin: 'zh', cantonese: 'yue', japanese: 'ja', korean: 'ko' },
  ...{ german: 'de', spanish: 'es', french: 'fr', russian: 'ru', vietnamese: 'vi', thai: 'th', arabic: 'ar' },
  ...{ reazonspeech: 'ja', wenetspeech: 'zh', gigaspeech: 'en', librispeech: 'en' },
};
const CODES: ReadonlySet<string> = new Set([
  ...['en', 'zh', 'yue', 'ja', 'ko', 'de', 'es', 'fr', 'ru', 'vi', 'th', 'ar', 'be', 'hr', 'it', 'pl', 'uk'],
  ...['pt', 'nl', 'bn', 'hi', 'id', 'ka', 'fa', 'tr', 'hy', 'kk', 'uz'],
]);

/**
 * Which languages a model knows, as far as its folder tells: few models have it written down. The name of the folder, which
 * is that of the release, or the address of the original say it mostly; Paraformer's vocabulary does.
 * @param pieces of the vocabulary.
 * @returns BCP 47 primary tags, or `['*']`.
 */
export function languagesOf(
  folder: string,
  metadata: ReadonlyMap<string, string>,
  family: SherpaModel['family'],
  pieces: readonly string[],
): readonly string[] {
  const names = [folder, metadata.get('url') ?? '', metadata.get('comment') ?? ''].map((name) =>
    name.toLowerCase(),
  );
  if (names.some((name) => /parakeet-tdt-0\.6b-v3/.test(name))) return PARAKEET_V3;
  if (names.some((name) => /parakeet-tdt-(0\.6b-v2|1\.1b)/.test(name))) return ['en'];
  const written = writtenLanguages(pieces);
  // Its releases are named after Chinese, and know English words as well.
  const named = new Set([...namedLanguages(names[0]!), ...namedLanguages(names[1]!.split('/').at(-1)!)]);
  if (family === 'paraformer') return [...new Set([...written, ...named])];
  if (named.size > 0) return [...named];

  return written.length > 0 ? written : ANY;
}

function namedLanguages(name: string): readonly string[] {
  return name.split(/[^a-z]+/).flatMap((part) => NAMES[part] ?? (CODES.has(part) ? part : []));
}

/** Languages that a script is used for alone. Latin letters tell nothing, but beside Chinese are English. */
function writtenLanguages(pieces: readonly string[]): readonly string[] {
  const has = (script: RegExp) => pieces.some((piece) => script.test(piece));
  if (has(/\p{Script=Hiragana}/u)) return ['ja'];
  if (has(/\p{Script=Hangul}/u)) return ['ko'];
  if (has(/\p{Script=Thai}/u)) return ['th'];
  if (!has(/\p{Script=Han}/u)) return [];

  return has(/^▁?[A-Za-z]{2}/) ? ['zh', 'en'] : ['zh'];
}
