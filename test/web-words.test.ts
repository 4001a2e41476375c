import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorEntry } from '../server/errors.ts';
import { en, type Words } from '../web/i18n/en.ts';
import { zh } from '../web/i18n/zh.ts';

/** Every text of a language by its path; those that are made of something are made of `2`. */
function textsOf(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'string') return [[name, value]];
    if (typeof value === 'function') return [[name, String((value as (...args: unknown[]) => string)(2, 2))]];

    return textsOf(value as object, name);
  });
}

/** Without what joins names. */
function withoutLists({ captions, archive, ...words }: Words): object {
  const { speakingNow: _, ...otherCaptions } = captions;
  const { speakers: __, ...otherArchive } = archive;

  return { ...words, captions: otherCaptions, archive: otherArchive };
}

describe('The pages’ words', () => {
  const english = new Map(textsOf(withoutLists(en)));
  const chinese = new Map(textsOf(withoutLists(zh)));

  it('are the same in both languages, none empty by mistake', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [name, text] of english) expect([name, chinese.get(name) === '']).toEqual([name, text === '']);
  });

  it('are Chinese in Chinese', () => {
    // Names of things, and keys.
    const same = [...english].filter(([name, text]) => /[a-z]{3}/i.test(text) && chinese.get(name) === text);
    expect(same).toEqual([]);
  });

  it('tell what to do about every error that ends a stream of somebody who did nothing wrong', () => {
    const told = Object.entries<ErrorEntry>(ERRORS).filter(([, { closeCode }]) =>
      [4401, 4422, 4503].includes(closeCode),
    );
    for (const [code] of told) expect(en.troubles).toHaveProperty(code);
  });
});

describe('The pages’ colours', () => {
  const TEXT = ['ink', 'muted', 'tail', 'accent', 'danger', 'caution', 'good'];
  const VOICES = Array.from({ length: 12 }, (_, i) => `voice-${i}`);
  const PAIRS: readonly (readonly [text: string, ground: string])[] = [
    ...[...TEXT, ...VOICES].flatMap((text) => [[text, 'paper'] as const, [text, 'surface'] as const]),
    ['muted', 'sunken'],
    ['ink', 'sunken'],
    ['on-accent', 'accent'],
    ['on-accent', 'accent-strong'],
    ['caution', 'caution-soft'],
    ['danger', 'danger-soft'],
    ['on-mark', 'mark'],
    ['surface', 'caution'],
  ];

  it('have a contrast of at least 4.5 for all text, light and dark', async () => {
    const { light, dark } = await readThemes();
    for (const [name, theme] of Object.entries({ light, dark: { ...light, ...dark } })) {
      const faint = PAIRS.filter(([text, ground]) => contrast(theme[text]!, theme[ground]!) < 4.5);
      expect([name, faint]).toEqual([name, []]);
    }
  });

  it('have a contrast of at least 3 for the edges of controls', async () => {
    const { light, dark } = await readThemes();
    for (const theme of [light, { ...light, ...dark }])
      for (const ground of ['paper', 'surface'])
        expect(contrast(theme['control-line']!, theme[ground]!)).toBeGreaterThanOrEqual(3);
  });

  it('are the same dark ones whether the system or somebody chose them', async () => {
    const { dark, chosenDark } = await readThemes();
    expect(chosenDark).toEqual(dark);
  });
});

type Theme = Readonly<Record<string, string>>;

async function readThemes(): Promise<{ light: Theme; dark: Theme; chosenDark: Theme }> {
  const css = await readFile(new URL('../web/design/tokens.css', import.meta.url), 'utf8');
  const block = (opening: string) => {
    const from = css.indexOf(opening);
    const body = css.slice(from, css.indexOf('}', from));

    return Object.fromEntries(
      [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]),
    );
  };

  return {
    light: block(':root {'),
    dark: block(':root:not([data-theme="light"]) {'),
    chosenDark: block(':root[data-theme="dark"] {'),
  };
}

/** By WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];

  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;

    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];

  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
