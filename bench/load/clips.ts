import { rmSync } from 'node:fs';
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { Failure } from '../../server/failure.ts';
import { readWhole } from '../audio.ts';
import { readClips } from '../data-folder.ts';
import { shuffle } from '../engine/spoken-clips.ts';

/** A clip that streams speak. */
export interface LoadClip {
  readonly name: string;
  /** What is said. */
  readonly reference: string;
  /** Where its audio begins in the file of all clips. */
  readonly offsetBytes: number;
  readonly samples: number;
  readonly durationMs: number;
}

/** Clips decoded once, so that the process that speaks them has only to read. */
export interface LoadClips {
  readonly clips: readonly LoadClip[];
  /** All of them behind one another: mono at 16 kHz, signed 16 bits, little-endian. */
  readonly file: string;
  /** Deletes the file, as the end of the process does. */
  remove(): void;
}

/** Longest clip that is spoken; a turn ends the run it lies in. */
const MAX_SECONDS = 30;
/** The repository's own clips; compiled, this module lies a folder deeper than its source. */
const FIXTURES = new URL(
  `${import.meta.url.endsWith('.ts') ? '../../' : '../../../'}test/fixtures/audio/`,
  import.meta.url,
);

/**
 * Reads the English clips of a data folder, in an order that is shuffled but always the same, or the four clips of the
 * repository.
 * @param data folder with `refs.tsv`; undefined for the repository's own.
 * @param note told which clips are left out, and why.
 * @throws {Failure} when there is none.
 */
export async function prepareClips(
  data: string | undefined,
  note: (sentence: string) => void,
): Promise<LoadClips> {
  const folder = await mkdtemp(join(tmpdir(), 'roundtable-load-'));
  const path = join(folder, 'clips.s16le');
  const remove = () => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    const clips = await writeClips(path, await sources(data), note);
    if (clips.length === 0)
      throw new Failure(`None of the recordings in ${data} can be used: none is in en.`);

    return { clips, file: path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

interface Source {
  readonly path: string;
  readonly reference: string;
}

async function sources(data: string | undefined): Promise<readonly Source[]> {
  if (data !== undefined) return shuffle((await readClips(data)).filter(({ language }) => language === 'en'));
  const text = await readFile(new URL('references.json', FIXTURES), 'utf8');

  return Object.entries(JSON.parse(text) as Record<string, string>).map(([name, reference]) => ({
    path: fileURLToPath(new URL(name, FIXTURES)),
    reference,
  }));
}

async function writeClips(
  path: string,
  from: readonly Source[],
  note: (sentence: string) => void,
): Promise<readonly LoadClip[]> {
  const clips: LoadClip[] = [];
  const file = await open(path, 'w');
  try {
    let offsetBytes = 0;
    for (const source of from) {
      const name = basename(source.path);
      const audio = await readWhole(source.path, MAX_SECONDS * SAMPLE_RATE).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        note(`${name} is left out: ${error.message}`);
      });
      if (!audio) continue;
      const bytes = new Uint8Array(to16Bits(audio).buffer);
      await file.write(bytes);
      const samples = audio.length;
      const durationMs = (samples * 1000) / SAMPLE_RATE;
      clips.push({ name, reference: source.reference, offsetBytes, samples, durationMs });
      offsetBytes += bytes.length;
    }
  } finally {
    await file.close();
  }

  return clips;
}

function to16Bits(audio: Float32Array): Int16Array {
  return Int16Array.from(audio, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
}
