import { symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sherpaTokens } from '../../bench/engine/sherpa-tokens.ts';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import { shippedMoonshine } from './models.ts';

/** Makes a folder the default Moonshine as sherpa-onnx packs it: two graphs, and a vocabulary beside them. */
export async function packMoonshine(folder: string): Promise<void> {
  const { encoder, decoder } = (await shippedMoonshine()) as unknown as MoonshineFiles;
  for (const graph of [encoder, decoder]) await symlink(graph, join(folder, basename(graph)));
  await writeFile(join(folder, 'tokens.txt'), sherpaTokens());
}
