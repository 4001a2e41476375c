import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SenseVoiceGraphs } from '../../inference/sensevoice/layout.ts';
import { openSenseVoice } from '../../inference/sensevoice/open-sensevoice.ts';
import { type TinySenseVoiceOptions, writeTinySenseVoice } from './tiny-sensevoice.ts';

/** Tiny models in folders of their own, all of which are removed together. */
export class SenseVoiceModels {
  readonly #folders: string[] = [];

  /** A folder with a tiny model in it. */
  async write(options: TinySenseVoiceOptions): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'roundtable-sensevoice-'));
    this.#folders.push(folder);
    await writeTinySenseVoice(folder, options);

    return folder;
  }

  /** A tiny model, ready to be loaded. */
  async open(options: TinySenseVoiceOptions & { readonly itn?: boolean }): Promise<SenseVoiceGraphs> {
    const graphs = await openFolder(await this.write(options), options.itn);
    if (graphs === null) throw new Error('The tiny model was not recognised.');

    return graphs;
  }

  async remove(): Promise<void> {
    for (const folder of this.#folders.splice(0)) await rm(folder, { recursive: true });
  }
}

/** What `openSenseVoice` finds in a folder. */
export async function openFolder(folder: string, itn = false): Promise<SenseVoiceGraphs | null> {
  const names = await readdir(folder);
  const files = Object.fromEntries(names.map((name) => [name, join(folder, name)]));

  return openSenseVoice(files, { graph: 'bytes', itn });
}
