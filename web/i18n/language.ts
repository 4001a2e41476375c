import { computed, effect } from '@preact/signals';
import { storedChoice } from '../shell/stored.ts';
import { en, type Words } from './en.ts';
import { zh } from './zh.ts';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself, and its tag for the document. */
export const LANGUAGE_NAMES: Readonly<Record<Language, { readonly name: string; readonly tag: string }>> = {
  en: { name: 'English', tag: 'en' },
  zh: { name: '中文', tag: 'zh-Hans' },
};

/** The language of the pages: the one chosen here, or else the browser's. Captions come in whatever is spoken. */
export const language = storedChoice<Language>('language', preferredLanguage(), LANGUAGES);

/** All text of the pages, in that language. */
export const words = computed<Words>(() => (language.value === 'zh' ? zh : en));

/** Keeps the document's language, and its title. Once for each page. */
export function applyLanguage(title: (words: Words) => string): void {
  effect(() => {
    document.documentElement.lang = LANGUAGE_NAMES[language.value].tag;
    document.title = title(words.value);
  });
}

/** A time of day as people write it where the browser is at home, without seconds. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(localTag(), { hour: '2-digit', minute: '2-digit' });
}

/** A day and a time of day, likewise. */
export function dayAndTime(atMs: number): string {
  return new Date(atMs).toLocaleString(localTag(), { dateStyle: 'medium', timeStyle: 'short' });
}

/** What a language is called. @param tag BCP 47. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames(localTag(), { type: 'language', fallback: 'code' }).of(tag) ?? tag;
}

/** The language of the page as it is written where the browser is at home. */
function localTag(): string {
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language.value));

  return own ?? LANGUAGE_NAMES[language.value].tag;
}

function preferredLanguage(): Language {
  const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));

  return first?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
