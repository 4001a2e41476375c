import { readFile } from 'node:fs/promises';
import { ModelFilesError } from '../model-files-error.ts';
import { MEL_BINS } from './mel-filters.ts';
import type { FrontEndFiles } from './packaging.ts';

/** The stacking that SenseVoice was trained with, for an export without its `config.yaml`. */
const DEFAULTS = { lfr_m: 7, lfr_n: 6 } as const;

/** What the filterbank can do: other settings belong to another model. */
const FIXED = {
  fs: '16000',
  n_mels: '80',
  window: 'hamming',
  frame_length: '25',
  frame_shift: '10',
} as const;

/**
 * Reads what FunASR's front end is told: `am.mvn`, Kaldi's text of an affine transform, and the few lines of
 * `config.yaml` that matter.
 * @param configYaml null where there is none: the stacking is then that of SenseVoice.
 * @throws {ModelFilesError} when they are not what they have to be, or ask for what cannot be done; a file that cannot be
 * read fails with Node's own error.
 */
export async function readFrontEndFiles(amMvn: string, configYaml: string | null): Promise<FrontEndFiles> {
  const config = configYaml === null ? '' : await readFile(configYaml, 'utf8');
  for (const [key, wanted] of Object.entries(FIXED)) {
    const value = setting(config, key) ?? wanted;
    if (value !== wanted) {
      throw new ModelFilesError(`${configYaml} asks for ${key} ${value}; this server can do ${wanted} only.`);
    }
  }
  const stackWindow = Number(setting(config, 'lfr_m') ?? DEFAULTS.lfr_m);
  const stackStep = Number(setting(config, 'lfr_n') ?? DEFAULTS.lfr_n);
  const text = await readFile(amMvn, 'utf8');
  const width = MEL_BINS * stackWindow;

  return {
    normalisation: {
      shift: affineNumbers(text, '<AddShift>', width, amMvn),
      scale: affineNumbers(text, '<Rescale>', width, amMvn),
    },
    stackWindow,
    stackStep,
  };
}

/** A plain `key: value` on a line of its own, however deep. */
function setting(yaml: string, key: string): string | undefined {
  return new RegExp(`^\\s*${key}:\\s*["']?([\\w.]+)`, 'm').exec(yaml)?.[1];
}

/** The numbers in brackets behind a component's name. */
function affineNumbers(text: string, component: string, count: number, path: string): readonly number[] {
  const from = text.indexOf(component);
  const list = from < 0 ? null : /\[([^\]]*)\]/.exec(text.slice(text.indexOf('<LearnRateCoef>', from)));
  const numbers = (list?.[1] ?? '').trim().split(/\s+/).map(Number);
  if (numbers.length !== count || !numbers.every(Number.isFinite)) {
    throw new ModelFilesError(
      `${path} has no ${count} numbers behind ${component}: it belongs to another model.`,
    );
  }

  return numbers;
}
