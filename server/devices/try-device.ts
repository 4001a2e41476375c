import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Device } from '../../inference/device.ts';
import { deviceFault, missingLibrary, whyNotLoaded } from '../../inference/devices/device-fault.ts';

/** What a device made of a small graph. */
export interface ProbeAnswer {
  readonly ok: boolean;
  /** To load and to run it, in milliseconds; where it did. */
  readonly ms?: number;
  /** What the runtime said, or by how much it was wrong. */
  readonly message: string;
}

/** How a trial ended. */
export interface ProbeEnd {
  readonly answer: ProbeAnswer | null;
  readonly stderr: string;
  /** Whether it was ended because it took too long. */
  readonly timedOut: boolean;
}

/** Whether a device works, and if not why, in one sentence. */
export type Verdict =
  | { readonly works: true; readonly ms: number }
  | { readonly works: false; readonly why: string };

/** Compiled next to this module. */
const PROBE = fileURLToPath(new URL('device-probe.js', import.meta.url));
/** CUDA takes some seconds to begin, more from a cold disk. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_CHARACTERS = 64 * 1024;
const PROVIDER = 'libonnxruntime_providers_cuda.so';

/** Has a device compute something small, in a process of its own. */
export async function tryDevice(device: Device): Promise<Verdict> {
  if (device !== 'cpu' && !(await hasProvider())) return { works: false, why: missingLibrary(PROVIDER) };

  return judge(await runProbe(device));
}

/** What the end of a trial says. */
export function judge({ answer, stderr, timedOut }: ProbeEnd): Verdict {
  if (answer?.ok) return { works: true, ms: answer.ms ?? 0 };
  if (timedOut)
    return {
      works: false,
      why: `It has not answered within ${TIMEOUT_MS / 1000} s: look at it with nvidia-smi.`,
    };
  // The runtime throws less than it writes.
  const written = new Error(stderr);
  if (deviceFault(written) || /with error: \S+\.so/.test(stderr))
    return { works: false, why: whyNotLoaded(written) };
  if (!answer) return { works: false, why: 'The process that tried it died without a word.' };

  return { works: false, why: whyNotLoaded(new Error(answer.message)) };
}

/** Whether onnxruntime's provider lies where it looks for it, beside the library itself. */
async function hasProvider(): Promise<boolean> {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);

  return access(join(folder, PROVIDER)).then(
    () => true,
    () => false,
  );
}

function runProbe(device: Device): Promise<ProbeEnd> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROBE, device], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr, timedOut] = ['', '', false];
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, TIMEOUT_MS);
    child.stdout.on('data', (text) => {
      stdout = `${stdout}${text}`.slice(-MAX_OUTPUT_CHARACTERS);
    });
    child.stderr.on('data', (text) => {
      stderr = `${stderr}${text}`.slice(-MAX_OUTPUT_CHARACTERS);
    });
    child.once('error', (error) => {
      stderr += error.message;
    });
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ answer: readAnswer(stdout), stderr, timedOut });
    });
  });
}

function readAnswer(stdout: string): ProbeAnswer | null {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as ProbeAnswer;
  } catch {
    return null;
  }
}
