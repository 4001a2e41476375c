import { execFile } from 'node:child_process';

/** A GPU of this machine, as NVIDIA's driver knows it. */
export interface Gpu {
  /** The number that `cuda:N` means: both count by the slots of the bus, CUDA only those that it shows. */
  readonly index: number;
  readonly name: string;
  /** Of all programs together. */
  readonly usedBytes: number;
  readonly totalBytes: number;
}

/** Runs a program to its end. @returns what it printed. @throws when it cannot be run, fails, or takes too long. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

/** With a driver that is ill it may never answer. */
const TIMEOUT_MS = 5000;
/** The variable that says in which order CUDA counts. */
const ORDER = 'CUDA_DEVICE_ORDER';
/** Many times what hundreds of GPUs would take. */
const MAX_OUTPUT_BYTES = 256 * 1024;
const MIB = 1024 * 1024;

/**
 * Has CUDA number GPUs as the driver does, which by itself it counts from the fastest on. Has to be called on the main thread,
 * whose environment is the process's own, before CUDA is loaded. Who has set it has a reason.
 */
export function numberGpusByBus(): void {
  process.env[ORDER] ??= 'PCI_BUS_ID';
}

/** The GPUs of this machine that CUDA shows; null where there is no driver to ask, or it does not answer. */
export async function queryGpus(run: RunProgram = runProgram): Promise<readonly Gpu[] | null> {
  try {
    const all = parseGpus(
      await run('nvidia-smi', [
        '--query-gpu=index,name,memory.used,memory.total',
        '--format=csv,noheader,nounits',
      ]),
    );

    const { CUDA_VISIBLE_DEVICES } = process.env;

    return shownByCuda(all, CUDA_VISIBLE_DEVICES);
  } catch {
    return null;
  }
}

/**
 * Those that CUDA shows a process, as it numbers them.
 * @param visible numbers of the driver's, separated by commas, up to the first that there is not; all where it is left out. Names
 * other than numbers are not looked at.
 */
export function shownByCuda(all: readonly Gpu[], visible: string | undefined): readonly Gpu[] {
  const names = visible?.split(',').map((name) => name.trim());
  if (!names || names.some((name) => /[^-\d]/.test(name))) return all;
  const shown = names.map((name) => all.find(({ index }) => String(index) === name));
  const end = shown.indexOf(undefined);

  return shown.slice(0, end === -1 ? shown.length : end).map((gpu, index) => ({ ...gpu!, index }));
}

/** Reads lines such as `0, NVIDIA H100 80GB HBM3, 1234, 81559`, in MiB. What is no such line is left out. */
export function parseGpus(csv: string): readonly Gpu[] {
  return csv.split('\n').flatMap((line) => {
    // A name may have a comma.
    const match = /^\s*(\d+), (.+), (\d+), (\d+)\s*$/.exec(line);
    if (!match) return [];
    const [, index, name, used, total] = match;

    return [
      { index: Number(index), name: name!, usedBytes: Number(used) * MIB, totalBytes: Number(total) * MIB },
    ];
  });
}

const runProgram: RunProgram = (program, args) =>
  new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    execFile(program, [...args], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
