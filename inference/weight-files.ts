import { stat } from 'node:fs/promises';
import type { RecognizerGraphs } from './load-recognizer.ts';

/** How the files beside a graph are called that hold its weights. */
const BESIDE = [
  (path: string) => path.replace(/\.onnx$/, '.weights'),
  (path: string) => `${path}.data`,
  (path: string) => `${path}_data`,
];

/** Bytes of the files that are read to load a model: its graphs, and the weights that lie beside them. */
export async function weightBytes(graphs: RecognizerGraphs): Promise<number> {
  const found = pathsIn(graphs).filter((path) => /\.(onnx|ort)$/.test(path));
  const files = [...new Set(found.flatMap((path) => [path, ...BESIDE.map((beside) => beside(path))]))];
  const sizes = await Promise.all(files.map(sizeOf));

  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Every text in plain data. */
function pathsIn(data: unknown): readonly string[] {
  if (typeof data === 'string') return [data];
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return [];

  return Object.values(data).flatMap(pathsIn);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
