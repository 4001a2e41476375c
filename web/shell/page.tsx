import '../design/base.css';
import '../design/controls.css';
import './page.css';
import type { ComponentChildren } from 'preact';
import { render } from 'preact';
import type { Words } from '../i18n/en.ts';
import { applyLanguage, words } from '../i18n/language.ts';
import { applyAppearance } from './appearance.ts';
import { LanguageSwitch, ThemeSwitch } from './switches.tsx';

/** Puts a page into the document and keeps language, title and look of it. */
export function show(page: ComponentChildren, title: (words: Words) => string): void {
  applyAppearance();
  applyLanguage(title);
  render(page, document.getElementById('page')!);
}

/** The mark before the name: a round table from above. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <circle cx="16" cy="16" r="5" />
      <circle cx="16" cy="6.5" r="2" />
      <circle cx="24.2" cy="11.2" r="2" />
      <circle cx="24.2" cy="20.8" r="2" />
      <circle cx="16" cy="25.5" r="2" />
      <circle cx="7.8" cy="20.8" r="2" />
      <circle cx="7.8" cy="11.2" r="2" />
    </svg>
  );
}

export type PageName = 'speak' | 'recordings' | 'search' | 'status';

const PATHS: Readonly<Record<PageName, string>> = {
  speak: '/',
  recordings: '/recordings',
  search: '/search',
  status: '/status',
};

/** What is around the contents of a page. @param current the page one is on, null for one that is not in the list. */
export function Page({
  current,
  children,
}: {
  readonly current: PageName | null;
  readonly children: ComponentChildren;
}) {
  const { shell } = words.value;

  return (
    <div class="page">
      <a class="skip" href="#contents">
        {shell.skip}
      </a>
      <header class="top">
        <a class="brand" href="/" aria-label="Roundtable">
          <Mark />
          <span>Roundtable</span>
        </a>
        <nav aria-label={shell.navigation}>
          {(Object.keys(PATHS) as PageName[]).map((name) => (
            <a key={name} href={PATHS[name]} aria-current={name === current ? 'page' : undefined}>
              {shell.pages[name]}
            </a>
          ))}
        </nav>
        <div class="switches">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </header>
      <main id="contents" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
