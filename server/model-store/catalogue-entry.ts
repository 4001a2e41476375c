/** A file inside the tarball of one version of an npm package. */
export interface NpmSource {
  readonly kind: 'npm';
  readonly package: string;
  readonly version: string;
  /** Path inside the package, without the tarball's leading folder. */
  readonly path: string;
  /** Size of the compressed tarball: the progress bar's total, and the most that is ever read. */
  readonly archiveBytes: number;
}

/** A file with a web address of its own. */
export interface HttpsSource {
  readonly kind: 'https';
  /** `https:`, or `http:` on a loopback host. */
  readonly url: string;
}

/** A public model hub. */
export type Hub = 'modelscope' | 'huggingface';

/** A repository on a hub, at one revision: a commit where one is known, else a branch. */
export interface HubRepository {
  readonly hub: Hub;
  /** `owner/name`. */
  readonly id: string;
  readonly revision: string;
}

/** A file that repositories on one or more hubs have, with the same bytes in each. */
export interface HubSource {
  readonly kind: 'hub';
  /** In the order in which they are asked, unless the operator names a hub. At least one. */
  readonly repositories: readonly HubRepository[];
  /** Path inside the repository. */
  readonly path: string;
}

/** Where a file comes from. */
export type Source = NpmSource | HttpsSource | HubSource;

/** What is known of a file before it is there. */
export interface ExpectedFile {
  /** Name on disk: plain, or a path with `/` below the model's folder. */
  readonly name: string;
  /** Null where nobody has published it. */
  readonly bytes: number | null;
  /**
   * Lower-case hex; it alone decides whether bytes are accepted, wherever they came from. Null where nobody has
   * published it: then the bytes that come first are trusted, and their hash is recorded beside them and kept to.
   */
  readonly sha256: string | null;
}

/** One file of a model that can be fetched. */
export interface CatalogueFile extends ExpectedFile {
  readonly source: Source;
}

/** What a model is, wherever it came from. */
export interface ModelDescription {
  /** Also the name of its folder in the models directory. */
  readonly name: string;
  /** Which code in `inference/` runs it. */
  readonly adapter: 'moonshine' | 'sensevoice' | 'sherpa' | 'silero';
  /** BCP 47 primary tags, or `['*']` for any language. */
  readonly languages: readonly string[];
  readonly files: readonly ExpectedFile[];
}

/** A model the store knows how to fetch. */
export interface CatalogueEntry extends ModelDescription {
  /** SPDX identifier, or the name of a licence that has none. */
  readonly licence: string;
  /** Where to read a licence that has no SPDX identifier. */
  readonly licenceUrl?: string;
  /** One line for people. */
  readonly summary: string;
  readonly files: readonly CatalogueFile[];
}

/** Where a file comes from, in words for messages. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'npm':
      return `${source.package} ${source.version}`;
    case 'https':
      return new URL(source.url).host;
    case 'hub':
      return source.repositories[0]!.id;
  }
}
