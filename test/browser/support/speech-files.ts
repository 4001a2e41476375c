import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { writeWav } from '../../fixtures/audio/write-wav.ts';
import { encode, join, readClips, silence } from '../../support/audio.ts';

/** Recordings to be chosen in a browser. */
export class SpeechFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<SpeechFiles> {
    return new SpeechFiles(await mkdtemp(joinPath(tmpdir(), 'roundtable-files-')));
  }

  /**
   * All utterances of the tests, one after the other, as often as is said. @param leadMs of silence: no two are the same.
   * @returns the path of a WAV file.
   */
  async write(name: string, times: number, leadMs: number): Promise<string> {
    const once = (await readClips()).flatMap(({ samples }) => [samples, silence(600)]);
    const samples = join(silence(leadMs), ...Array.from({ length: times }, () => once).flat());
    const path = joinPath(this.#folder, name);
    await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', samples)));

    return path;
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
