import { ModelFilesError } from '../model-files-error.ts';

/** Endings of graphs, the one that is preferred on a processor first. */
const PRECISIONS = ['.int8', '', '.fp16'];

/** A folder with a model in it. */
export class ModelFolder {
  readonly name: string;
  readonly #files: Readonly<Record<string, string>>;

  /** @param files path of each by its name; of those in folders inside it, by both names: `Qwen3-0.6B/vocab.json`. */
  constructor(name: string, files: Readonly<Record<string, string>>) {
    this.name = name;
    this.#files = files;
  }

  /** Names of the files that lie in the folder itself. */
  get names(): readonly string[] {
    return Object.keys(this.#files).filter((name) => !name.includes('/'));
  }

  /** Names of all files. */
  get allNames(): readonly string[] {
    return Object.keys(this.#files);
  }

  /** Path of a file, or null where there is none. */
  path(name: string): string | null {
    return this.#files[name] ?? null;
  }

  /** Path of a graph by its name without precision and ending; null where there is none. */
  graph(stem: string, ending = '.onnx'): string | null {
    for (const precision of PRECISIONS) {
      const path = this.path(`${stem}${precision}${ending}`);
      if (path !== null) return path;
    }

    return null;
  }

  /** Names without precision and ending of all graphs in the folder itself. */
  get stems(): readonly string[] {
    const graphs = this.names.filter((name) => name.endsWith('.onnx'));

    return [...new Set(graphs.map((name) => name.replace(/(\.(int8|fp16))?\.onnx$/, '')))];
  }

  /** @throws {ModelFilesError} when there is no such graph. */
  needGraph(stem: string, kind: string): string {
    return this.graph(stem) ?? this.#missing(`${stem}.int8.onnx or ${stem}.onnx`, kind);
  }

  /** @throws {ModelFilesError} when there is no such file. */
  need(name: string, kind: string): string {
    return this.path(name) ?? this.#missing(name, kind);
  }

  #missing(file: string, kind: string): never {
    throw new ModelFilesError(
      `${this.name} is ${kind}, but has no ${file}: copy that file of sherpa-onnx' export as well.`,
    );
  }
}
