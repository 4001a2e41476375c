import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { readModelHeader } from '../inference/onnx/model-header.ts';
import { ElementType } from '../inference/onnx/onnx-model.ts';
import { sileroFile } from './support/models.ts';

describe('readModelHeader', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-header-'));
    file = join(folder, 'model.onnx');
    const graph = new GraphBuilder();
    const x = graph.input('x', ElementType.float32, ['N', 'T', 3]);
    const weights = graph.constant('w', [3, 40_000], new Float32Array(120_000).fill(0.5));
    graph.output('y', ElementType.float32, ['N', 'T', 40_000]);
    graph.node('MatMul', [x, weights], {}, 'y');
    await writeFile(file, graph.build('test', { author: '会', note: '' }));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('tells inputs, outputs, operators and metadata', async () => {
    const header = await readModelHeader(file);
    expect(header.inputs).toEqual([{ name: 'x', elementType: ElementType.float32, shape: [null, null, 3] }]);
    expect(header.outputs).toEqual([
      { name: 'y', elementType: ElementType.float32, shape: [null, null, 40_000] },
    ]);
    expect([...header.operators]).toEqual(['MatMul']);
    expect([...header.metadata]).toEqual([
      ['author', '会'],
      ['note', ''],
    ]);
  });

  test("reads other people's files", async () => {
    const header = await readModelHeader(await sileroFile());
    expect(header.inputs.map(({ name }) => name)).toEqual(['input', 'state', 'sr']);
  });

  test('refuses a file that is cut off anywhere, or says less of it', async () => {
    const bytes = await readFile(file);
    const whole = await readModelHeader(file);
    const cut = join(folder, 'cut.onnx');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        await writeFile(cut, bytes.subarray(0, length));
        const header = await readModelHeader(cut).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ModelFilesError);

          return null;
        });
        // What follows the graph may be missing without a trace.
        if (header) expect(header.metadata.size).toBeLessThan(whole.metadata.size);
      }),
      { numRuns: 100 },
    );
  });

  test('refuses any other file in a sentence', async () => {
    const other = join(folder, 'other.onnx');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        await writeFile(other, bytes);
        await expect(readModelHeader(other)).rejects.toThrow(ModelFilesError);
      }),
      { numRuns: 200 },
    );
    await writeFile(other, '<html>Not found</html>');
    await expect(readModelHeader(other)).rejects.toThrow(`${other} is no ONNX model, or is cut off`);
    await writeFile(other, 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n');
    await expect(readModelHeader(other)).rejects.toThrow('type "git lfs pull" in its folder');
  });

  test('leaves it to Node to say that there is no file', async () => {
    await expect(readModelHeader(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
