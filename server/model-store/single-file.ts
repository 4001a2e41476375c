import type { CatalogueFile, HttpsSource, HubSource } from './catalogue-entry.ts';
import { npmAdvice } from './download-failure.ts';
import type { Address, HubAddresses } from './hub-addresses.ts';

/** A file that is downloaded by itself. */
export interface SingleFile extends CatalogueFile {
  readonly source: HttpsSource | HubSource;
}

/** Whether a file is downloaded by itself, and not out of an archive. */
export function isSingle(file: CatalogueFile): file is SingleFile {
  return file.source.kind !== 'npm';
}

/**
 * Where a file may be had, in the order to try.
 * @param model the model's name.
 */
export function addressesOf(model: string, file: SingleFile, hubs: HubAddresses): readonly Address[] {
  const { source } = file;
  if (source.kind === 'hub') return hubs.of(model, { ...file, source });

  return [{ url: source.url, credentials: null, group: source.url, advice: npmAdvice }];
}
