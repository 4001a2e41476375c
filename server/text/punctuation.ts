import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Edit } from './edit.ts';
import type { TextPlace, TextStage } from './text-stage.ts';

const MARKED = /[\p{P}]\s*$/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const STOPPED = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hangul}\p{N}]$/u;
/** `i` as a word, with what may be joined to it. */
const SELF = /(?<![\p{L}\p{N}'’])i(?=['’]|(?![\p{L}\p{N}]))/gu;

const AUXILIARIES =
  'is|are|am|was|were|do|does|did|can|could|will|would|shall|should|has|have|had|may|might|must|isn.t|aren.t|wasn.t|weren.t|don.t|doesn.t|didn.t|can.t|couldn.t|won.t|wouldn.t|haven.t|hasn.t';
const SUBJECTS =
  'i|you|he|she|it|we|they|this|that|these|those|there|the|a|an|my|your|his|her|its|our|their|any|anyone|anybody|everyone|somebody|someone';
/** A question by its first words. Many others are missed: that is better than marks in the wrong place. */
const ENGLISH_QUESTION = new RegExp(
  `^(?:(?:what|who|whom|whose|which|why|how|where|when)\\s+(?:${AUXILIARIES}|many|much|long|old|far|about)|(?:${AUXILIARIES})\\s+(?:${SUBJECTS}))\\b`,
  'iu',
);
const CHINESE_QUESTION = /(?:[吗嗎]|(?:谁|誰|什么|什麼|怎|哪|几|幾|多少|何).*呢)$/u;

/**
 * Marks and capitals where a model writes neither, by rules that are simple and say so: a capital where what is said begins, a full
 * stop or question mark where it ended in silence. There are no commas, and no marks within a caption.
 * @param language a primary tag.
 */
export function punctuationStage(language: string): TextStage {
  return {
    edits: (text, place) => [...capitals(text, place, language), ...endMark(text, place.endpoint, language)],
    settled: (text) => text.length,
  };
}

function capitals(text: string, { continues }: TextPlace, language: string): readonly Edit[] {
  const places = new Set<number>();
  const first = /^\s*\p{Ll}/u.exec(text);
  if (first && !continues) places.add(first[0].length - 1);
  if (language === 'en') for (const { index } of text.matchAll(SELF)) places.add(index);

  return [...places]
    .sort((a, b) => a - b)
    .map((from) => ({ from, to: from + 1, text: text[from]!.toUpperCase() }))
    .filter((edit) => edit.text.length === 1);
}

function endMark(text: string, endpoint: Endpoint | null, language: string): readonly Edit[] {
  const end = text.trimEnd();
  if (endpoint !== 'silence' || end === '' || MARKED.test(end)) return [];
  const mark = UNSPACED.test(end) ? chineseMark(end) : latinMark(end, language);

  return mark === '' ? [] : [{ from: end.length, to: end.length, text: mark }];
}

function chineseMark(text: string): string {
  return CHINESE_QUESTION.test(text) ? '？' : '。';
}

function latinMark(text: string, language: string): string {
  if (!STOPPED.test(text)) return '';

  return language === 'en' && ENGLISH_QUESTION.test(text) ? '?' : '.';
}
