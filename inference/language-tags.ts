/** Cantonese by its own tag, or as a kind of Chinese. */
const CANTONESE = /^(yue|zh-yue)\b/i;
/** Chinese of places where Cantonese is spoken. */
const FROM_CANTONESE_PLACES = /^zh-(hant-|hans-)?(hk|mo)\b/i;
/** ISO 639-3 for Mandarin; BCP 47 has it as a kind of `zh`, and prefers that. */
const MANDARIN = 'cmn';

/** Languages that a BCP 47 tag may stand for in speech, as primary tags, the likeliest first. */
export function spokenLanguages(tag: string): readonly string[] {
  if (CANTONESE.test(tag)) return ['yue'];
  if (FROM_CANTONESE_PLACES.test(tag)) return ['yue', 'zh'];
  const primary = tag.split('-')[0]!.toLowerCase();

  return [primary === MANDARIN ? 'zh' : primary];
}
