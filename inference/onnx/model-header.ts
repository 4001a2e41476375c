import { type FileHandle, open } from 'node:fs/promises';
import { ModelFilesError } from '../model-files-error.ts';
import { decodeModel, type ModelProto, type ValueInfoProto } from './onnx-model.ts';

/** An input or output of a graph. */
export interface ValueHeader {
  readonly name: string;
  /** One of ONNX's element types; null where it is no tensor. */
  readonly elementType: number | null;
  /** Sizes; null for one that is known only when the graph runs. Null altogether where nothing is said of them. */
  readonly shape: readonly (number | null)[] | null;
}

/** What a model's file says of it, without its weights. */
export interface ModelHeader {
  /** What the exporter wrote down. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly inputs: readonly ValueHeader[];
  readonly outputs: readonly ValueHeader[];
  /** Names of the operators that its graph consists of, but for those in branches. */
  readonly operators: ReadonlySet<string>;
}

/** Field numbers of onnx.proto3 that are read: of a model, and of its graph. Weights are not among them. */
const MODEL_FIELDS = new Set([1, 8, 14]);
const GRAPH_FIELD = 7;
const GRAPH_FIELDS = new Set([1, 2, 11, 12]);
/** Many times what the largest graph takes without its weights. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads what a model's file says of it, skipping its weights: some megabytes of a file of hundreds.
 * @throws {ModelFilesError} when it is no ONNX model; a file that cannot be read fails with Node's own error.
 */
export async function readModelHeader(path: string): Promise<ModelHeader> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const model = await readSkeleton(new FieldReader(file, size), size);

    return {
      metadata: new Map((model.metadataProps ?? []).map(({ key, value }) => [key, value])),
      inputs: model.graph.input.map(valueHeader),
      outputs: model.graph.output.map(valueHeader),
      operators: new Set(model.graph.node.map(({ opType }) => opType)),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    if (await isLfsPointer(file))
      throw new ModelFilesError(
        `${path} is what Git has in place of the model: type "git lfs pull" in its folder, or fetch the file itself.`,
      );
    throw new ModelFilesError(`${path} is no ONNX model, or is cut off: fetch it again.`, { cause: error });
  } finally {
    await file.close();
  }
}

/** What a repository with Git LFS holds where that is not installed. */
async function isLfsPointer(file: FileHandle): Promise<boolean> {
  const start = 'version https://git-lfs';
  const { buffer, bytesRead } = await file.read(Buffer.alloc(start.length), 0, start.length, 0);

  return buffer.toString('latin1', 0, bytesRead) === start;
}

/** The model without its weights. */
async function readSkeleton(reader: FieldReader, size: number): Promise<ModelProto> {
  const parts: Uint8Array[] = [];
  const graph: Uint8Array[] = [];
  let hasGraph = false;
  await reader.fields(size, async (field, length) => {
    if (field !== GRAPH_FIELD) return MODEL_FIELDS.has(field) ? parts : null;
    hasGraph = true;
    await reader.fields(reader.position + length, (inner) => (GRAPH_FIELDS.has(inner) ? graph : null));

    return null;
  });
  if (!hasGraph) throw new Error('There is no graph in it.');
  const graphBytes = Buffer.concat(graph);
  parts.push(varint(GRAPH_FIELD * 8 + 2), varint(graphBytes.length), graphBytes);

  return decodeModel(Buffer.concat(parts));
}

/** Goes through protobuf fields in a file, forwards. */
class FieldReader {
  readonly #file: FileHandle;
  readonly #size: number;
  #chunk = Buffer.alloc(0);
  #chunkAt = 0;
  #kept = 0;
  position = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /**
   * Visits the fields up to `end`. What `visit` has not read itself is kept where it says, or skipped.
   * @param visit gets the field's number, and the length of its bytes where it has such.
   */
  async fields(
    end: number,
    visit: (field: number, length: number) => Uint8Array[] | null | Promise<Uint8Array[] | null>,
  ): Promise<void> {
    if (end > this.#size) throw new Error('The file is cut off.');
    while (this.position < end) {
      const tag = await this.#varint();
      const wireType = tag % 8;
      const start = this.position;
      const prefix = wireType === 2 ? await this.#varint() : 0;
      const body = wireType === 2 ? prefix : await this.#fixedLength(wireType, start);
      const bodyAt = this.position;
      if (bodyAt + body > end) throw new Error('A field is longer than what it is in.');
      const kept = await visit(Math.floor(tag / 8), body);
      if (kept) {
        kept.push(varint(tag), ...(wireType === 2 ? [varint(prefix)] : []), await this.#bytes(bodyAt, body));
      }
      this.position = bodyAt + body;
    }
  }

  /** Length of a field's value that is no bytes; the position is where it begins. */
  async #fixedLength(wireType: number, start: number): Promise<number> {
    if (wireType === 1) return 8;
    if (wireType === 5) return 4;
    if (wireType !== 0) throw new Error(`There is no wire type ${wireType}.`);
    await this.#varint();
    const length = this.position - start;
    this.position = start;

    return length;
  }

  async #varint(): Promise<number> {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = (await this.#bytes(this.position, 1))[0]!;
      this.position++;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Error('A number is longer than 64 bits.');
  }

  async #bytes(at: number, length: number): Promise<Uint8Array> {
    if (at + length > this.#size) throw new Error('The file is cut off.');
    if (at < this.#chunkAt || at + length > this.#chunkAt + this.#chunk.length) {
      const wanted = Math.min(Math.max(length, CHUNK_BYTES), this.#size - at);
      if (length > MAX_HEADER_BYTES) throw new Error('It is too large.');
      const chunk = Buffer.alloc(wanted);
      const { bytesRead } = await this.#file.read(chunk, 0, wanted, at);
      if (bytesRead < length) throw new Error('The file is cut off.');
      [this.#chunk, this.#chunkAt] = [chunk, at];
    }
    if (length > 1) this.#kept += length;
    if (this.#kept > MAX_HEADER_BYTES) throw new Error('There is too much beside the weights.');
    const from = at - this.#chunkAt;

    return this.#chunk.subarray(from, from + length);
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function valueHeader({ name, type }: ValueInfoProto): ValueHeader {
  const tensor = type?.tensorType;

  return {
    name,
    elementType: tensor?.elemType ?? null,
    shape:
      tensor?.shape?.dim.map(({ dimValue, dimParam }) =>
        dimParam || dimValue === undefined ? null : Number(dimValue) || null,
      ) ?? null,
  };
}
