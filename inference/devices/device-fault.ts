/** What is wrong with a GPU. */
export interface DeviceFault {
  /**
   * `full`: there is no memory for what it was asked, which may pass. `lost`: nothing more is to be had of it in this
   * process, because CUDA keeps an error until the process ends.
   */
  readonly kind: 'full' | 'lost';
  /** In one sentence, without the device's name. */
  readonly why: string;
}

/** Texts of onnxruntime 1.29's arena (`bfc_arena.cc`), and of CUDA and its libraries as it passes them on (`cuda_call.cc`). */
const FULL =
  /Failed to allocate memory for requested buffer|out of memory|(?:CUDNN|CUBLAS)_STATUS_ALLOC_FAILED|CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED/i;
/** `CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; …`, `CUBLAS failure 13: …`, `CUDNN_FE failure 11: …`. */
const LOST =
  /\b(?:CUDA|CUBLAS|CUBLASLT|CUDNN|CUDNN_FE|CUFFT|CURAND) (?:failure|error)\b\s*(\d+)?\s*:?\s*([^;\n]*)/i;
/** What convolutions say where cuDNN cannot begin (`conv.cc`), mostly because one of its own libraries is missing. */
const NO_CUDNN = /Failed to initialize CUDNN/i;
/** Of a provider that cannot be loaded: onnxruntime-node says no more. */
const NO_LIBRARY = /Failed to load (?:shared )?library\b(?:.*with error: ([^\s:]+\.so[^\s:]*):)?/;

/** What to do about CUDA's errors that have to do with the machine (`driver_types.h`). */
const REMEDIES: Readonly<Record<string, string>> = {
  35: "NVIDIA's driver is missing, or older than CUDA 13 wants: install one from 580 on.",
  100: "NVIDIA's driver shows no GPU to this process.",
  101: 'There is no GPU of this number.',
  803: "NVIDIA's driver and its libraries are of different versions: restart the machine.",
};
/** Of paths, which are nobody's business who asks how the server fares. */
const FOLDERS = /\/(?:[^\s/:]+\/)+/g;
/** Of a message that is not known, in characters. */
const MAX_MESSAGE_LENGTH = 200;

/** What an error of the runtime says of its GPU; null when it is about something else. */
export function deviceFault(error: unknown): DeviceFault | null {
  const message = messageOf(error);
  const lost = LOST.exec(message);
  if (FULL.test(message)) return { kind: 'full', why: 'Its memory is full.' };
  if (!lost && NO_CUDNN.test(message))
    return { kind: 'lost', why: 'cuDNN cannot begin: install all of cuDNN 9 for CUDA 13.' };
  if (!lost) return null;
  const [, number = '', text = ''] = lost;
  const remedy = REMEDIES[number];
  if (remedy) return { kind: 'lost', why: remedy };

  return { kind: 'lost', why: `CUDA gave error ${[number, text.trim()].filter(Boolean).join(', ')}.` };
}

/** Why a model could not be loaded onto a GPU, in one sentence. */
export function whyNotLoaded(error: unknown): string {
  const known = deviceFault(error);
  if (known) return known.why;
  const message = messageOf(error);
  const library = NO_LIBRARY.exec(message);
  if (library?.[1]) return missingLibrary(library[1]);
  if (library)
    return "onnxruntime's CUDA provider, or a library that it needs, is missing: `roundtable devices` says which.";
  const [line = ''] = message.split('\n');

  return `The runtime says: ${line.replaceAll(FOLDERS, '').slice(0, MAX_MESSAGE_LENGTH)}`;
}

/** What to install for a library of this name. */
export function missingLibrary(name: string): string {
  if (name.startsWith('libonnxruntime_providers'))
    return `${name} is missing: fetch onnxruntime's CUDA provider as docs/gpu.md says.`;
  if (name.startsWith('libcudnn')) return `${name} is missing: install cuDNN 9 for CUDA 13.`;
  if (name === 'libcuda.so.1') return `${name} is missing: install NVIDIA's driver.`;

  return `${name} is missing: install CUDA 13, or put its folder into LD_LIBRARY_PATH.`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
