import { megabytes } from '../model-store/progress.ts';
import type { ListedModel } from '../model-store/store.ts';

/** A column of languages is no wider than this. */
const LANGUAGE_CHARS = 18;

const RIGHT = 3;

/** Models as lines of a table, at most 80 characters wide with names up to 24 characters. */
export function modelTable(models: readonly ListedModel[]): readonly string[] {
  const table = [['MODEL', 'KIND', 'LANGUAGES', 'SIZE', 'STATE'], ...models.map(describeRow)];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));

  return table.map((row) => {
    const cells = row.map((cell, column) =>
      column === RIGHT ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    return cells.join('  ').trimEnd();
  });
}

function describeRow(listed: ListedModel): string[] {
  const { model, totalBytes } = listed;
  const size = totalBytes === 0 ? '?' : megabytes(totalBytes);

  return [model.name, model.adapter, shortLanguages(model.languages), size, describeState(listed)];
}

/** How much of a model is there, in a few words. */
export function describeState({ state, entry, hereBytes, totalBytes }: ListedModel): string {
  if (state === 'installed') return entry === null ? 'imported' : 'installed';
  if (state === 'absent') return '-';
  if (entry === null || hereBytes >= totalBytes) return 'damaged';

  return `${Math.floor((100 * hereBytes) / totalBytes)} % here`;
}

/** Languages in few characters: the first ones, and how many more there are. */
export function shortLanguages(languages: readonly string[]): string {
  const all = languages.map((language) => (language === '*' ? 'any' : language));
  const whole = all.join(' ');
  if (whole.length <= LANGUAGE_CHARS) return whole;
  for (let shown = all.length - 1; shown > 0; shown--) {
    const text = `${all.slice(0, shown).join(' ')} +${all.length - shown}`;
    if (text.length <= LANGUAGE_CHARS) return text;
  }

  return `${all.length} languages`;
}
