import type { CatalogueFile, ExpectedFile, Source } from '../model-store/catalogue-entry.ts';
import { publicHubs } from '../model-store/hub-addresses.ts';
import { isPaper } from '../model-store/imported-models.ts';
import { megabytes } from '../model-store/progress.ts';
import type { ListedModel } from '../model-store/store.ts';
import { describeState } from './model-table.ts';

const LINE_CHARS = 80;

/**
 * All that is known of a model, as lines.
 * @param files with the hashes that were recorded where nobody has published them.
 */
export function modelPage(
  listed: ListedModel,
  files: readonly ExpectedFile[],
  folder: string,
): readonly string[] {
  const { model, entry, totalBytes, state } = listed;
  const facts: [string, string][] = [
    ['kind', model.adapter],
    ['languages', model.languages.map((language) => (language === '*' ? 'any' : language)).join(' ')],
    ['licence', describeLicence(listed, files)],
    ['size', totalBytes === 0 ? 'not known' : megabytes(totalBytes)],
    ['state', state === 'absent' ? 'not installed' : describeState(listed)],
    ['folder', folder],
    ...sourcesOf(entry?.files ?? []).map((source): [string, string] => ['from', source]),
  ];
  const lines = [model.name, ...(entry === null ? [] : wrap('', entry.summary)), ''];
  for (const [name, value] of facts) lines.push(...wrap(name.padEnd(11), value));
  lines.push('');
  for (const { name, bytes, sha256 } of files) {
    lines.push(`${name}  ${bytes === null ? '' : `${bytes} bytes`}`.trimEnd());
    lines.push(
      `  SHA-256 ${sha256 ?? 'not published: that of what is fetched first is recorded, and kept to'}`,
    );
  }
  if (state === 'installed' && model.adapter !== 'silero')
    lines.push('', `Serve it: roundtable serve --model ${model.name}`);

  return lines;
}

function describeLicence({ entry }: ListedModel, files: readonly ExpectedFile[]): string {
  if (entry === null) {
    const papers = files.map(({ name }) => name).filter(isPaper);
    return papers.length === 0 ? 'not known' : `see ${papers.join(', ')} in its folder`;
  }

  return entry.licenceUrl === undefined ? entry.licence : `${entry.licence}, ${entry.licenceUrl}`;
}

/** Where files come from, each place once. */
function sourcesOf(files: readonly CatalogueFile[]): readonly string[] {
  return [...new Set(files.flatMap(({ source }) => describePlaces(source)))];
}

function describePlaces(source: Source): readonly string[] {
  switch (source.kind) {
    case 'npm':
      return [`npm, ${source.package} ${source.version}`];
    case 'https':
      return [source.url];
    case 'hub':
      return source.repositories.map(
        ({ hub, id }) => `${publicHubs[hub]}${hub === 'modelscope' ? '/models' : ''}/${id}`,
      );
  }
}

/** Text behind a heading, broken between words. */
function wrap(heading: string, text: string): string[] {
  const lines = [heading];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last.length + 1 + word.length > LINE_CHARS && last.trim() !== '' && last !== heading)
      lines.push(`${' '.repeat(heading.length)}${word}`);
    else lines[lines.length - 1] = last === heading ? `${last}${word}` : `${last} ${word}`;
  }

  return lines;
}
