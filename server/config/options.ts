import { availableParallelism } from 'node:os';
import { parseDevices } from '../../inference/device.ts';
import { PRECISIONS } from '../../inference/precision.ts';
import { DIALECT_NAMES } from '../dialects/dialect-names.ts';
import { defaultDataDirectory } from '../history/data-directory.ts';
import { defaultModelsDirectory } from '../model-store/directory.ts';
import { hubFault } from '../model-store/hub-setting.ts';
import { defaultModelMemoryMb } from '../models/memory-limit.ts';
import { JOB_OPTIONS } from './job-options.ts';
import type { Option } from './option.ts';
import { QUOTA_OPTIONS } from './quota-options.ts';
import { UPLOAD_OPTIONS } from './upload-options.ts';

export type { Option } from './option.ts';

/** `https://example.org:8443`, without a path. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Each thread has all of them. */
const MAX_MODELS = 8;
/** More threads than this are asked for by name. */
const MAX_DEFAULT_THREADS = 64;

/** One for each core: sockets and voice detection need little, and go first. */
const defaultThreads = Math.min(MAX_DEFAULT_THREADS, availableParallelism());

/**
 * Every setting of the server: flags, environment variables, `--help`, ranges and `docs/configuration.md` all come
 * from this table.
 */
export const OPTIONS = {
  host: {
    kind: 'text',
    group: 'Network',
    default: '127.0.0.1',
    placeholder: 'ADDRESS',
    env: 'HOST',
    about: 'Address to listen on; 0.0.0.0 for all of them',
  },
  port: {
    kind: 'number',
    group: 'Network',
    unit: 'port',
    default: 8080,
    min: 0,
    max: 65_535,
    env: 'PORT',
    about: 'Port to listen on; 0 for any free one',
  },
  allowedOrigins: {
    kind: 'text',
    group: 'Network',
    default: 'self',
    placeholder: 'LIST',
    about: "Web origins whose pages may connect besides the server's own, separated by commas; * for all",
    fault: (value) => {
      const wrong = value.split(',').find((origin) => !['self', '*'].includes(origin) && !isOrigin(origin));

      return wrong === undefined ? null : `has '${wrong}', which is no origin such as https://example.org`;
    },
  },
  keysFile: {
    kind: 'text',
    group: 'Network',
    default: 'none',
    placeholder: 'FILE',
    about: 'JSON file of the API keys that clients have to present; none lets everyone in',
  },
  dialects: {
    kind: 'text',
    group: 'Network',
    default: DIALECT_NAMES.join(','),
    placeholder: 'LIST',
    about:
      "Other services' wire formats that are spoken too, separated by commas; none for the native one only",
    fault: (value) => {
      if (value === 'none') return null;
      const wrong = value.split(',').find((name) => !DIALECT_NAMES.some((known) => known === name));

      return wrong === undefined ? null : `has '${wrong}', which is none of ${DIALECT_NAMES.join(', ')}`;
    },
  },
  funasrPort: {
    kind: 'number',
    group: 'Network',
    unit: 'port',
    default: 0,
    min: 0,
    max: 65_535,
    about: 'Further port for clients of FunASR, who expect it at 10095; 0 for none',
  },
  voskPort: {
    kind: 'number',
    group: 'Network',
    unit: 'port',
    default: 0,
    min: 0,
    max: 65_535,
    about: 'Further port for clients of Vosk, who expect it at 2700; 0 for none',
  },
  modelsDir: {
    kind: 'text',
    group: 'Models',
    default: defaultModelsDirectory(),
    placeholder: 'DIR',
    about: 'Where models are kept',
  },
  modelHub: {
    kind: 'text',
    group: 'Models',
    default: 'auto',
    placeholder: 'HUB',
    env: 'MODEL_HUB',
    // An address with a password is refused, and not repeated.
    isSecret: true,
    about:
      'Where models of hubs are fetched from: modelscope or huggingface for the one to ask first, or the base address of a mirror, which is then asked alone; auto for the order of the catalogue',
    fault: hubFault,
  },
  model: {
    kind: 'text',
    group: 'Models',
    default: 'moonshine-tiny-en',
    placeholder: 'LIST',
    about:
      'Recognisers, by their names in the catalogue (roundtable models list) or the paths of their folders, separated by commas; streams that ask for none get the first',
    fault: (value) => {
      const names = value.split(',');
      if (names.length > MAX_MODELS) return `names more than ${MAX_MODELS} models`;

      return names.some((name) => name.trim() === '') ? 'names a model without a name' : null;
    },
  },
  vadModel: {
    kind: 'text',
    group: 'Models',
    default: 'silero-v6',
    placeholder: 'NAME',
    about: 'Voice activity detector, by its name in the catalogue or the path of its file',
  },
  devices: {
    kind: 'text',
    group: 'Models',
    default: new Array(defaultThreads).fill('cpu').join(','),
    placeholder: 'LIST',
    about: 'Inference threads and where each runs: cpu or cuda:N, separated by commas; cpu*4 is four of them',
    fault: (value) => {
      const devices = parseDevices(value);

      return typeof devices === 'string' ? devices : null;
    },
  },
  precision: {
    kind: 'text',
    group: 'Models',
    default: 'auto',
    placeholder: 'PRECISION',
    about:
      'What GPUs compute in: float32, float16, or auto for halves where the model comes in them. Processors choose for themselves',
    fault: (value) => (PRECISIONS.includes(value) ? null : 'is neither auto, float32 nor float16'),
  },
  modelMemoryMb: {
    kind: 'number',
    group: 'Models',
    unit: 'MB',
    default: defaultModelMemoryMb(),
    min: 1,
    max: 16_777_216,
    about:
      'Memory that all models may take in all threads; a server whose models are expected to take more does not start. Threads that --devices does not ask for are left out instead',
  },
  startThreshold: {
    kind: 'number',
    group: 'Captions',
    unit: 'probability',
    default: 0.5,
    min: 0.1,
    max: 0.95,
    about: 'Voice-activity probability at which speech begins',
  },
  minSpeechMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 160,
    min: 32,
    max: 1000,
    about: 'Less speech than this is taken for noise',
  },
  minSilenceMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 800,
    min: 100,
    max: 2000,
    about: 'Trailing silence that ends a caption; long captions end at less',
  },
  maxSegmentMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 15_000,
    min: 3000,
    max: 28_000,
    about: 'No caption is longer; one that would be is cut at its quietest recent point',
  },
  prefixPaddingMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 384,
    min: 0,
    max: 1000,
    about: 'Audio kept from before speech was detected',
  },
  tailPaddingMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 256,
    min: 32,
    max: 1000,
    about: 'Silence kept at the end of a caption',
  },
  partialIntervalMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 500,
    min: 200,
    max: 5000,
    about:
      'Least new audio between two partial captions; a tenth of the caption so far when that is more, up to twice this value',
  },
  energyGateDbfs: {
    kind: 'number',
    group: 'Captions',
    unit: 'dBFS',
    default: -75,
    min: -120,
    max: -30,
    about: 'Audio that stays below this level is silence, without asking the voice activity detector',
  },
  vadIntervalMs: {
    kind: 'number',
    group: 'Captions',
    unit: 'ms',
    default: 32,
    min: 1,
    max: 200,
    about: 'Least time between two voice-activity batches; longer makes them larger and cheaper',
  },
  maskWords: {
    kind: 'text',
    group: 'Captions',
    default: 'none',
    placeholder: 'FILE',
    about: 'List of words that nobody is to read, one in each line: *** stands in their places',
  },
  dataDir: {
    kind: 'text',
    group: 'History',
    default: defaultDataDirectory(),
    placeholder: 'DIR',
    about:
      'Where transcripts are kept, and what it takes to go on with streams after a restart; none keeps both in memory only',
  },
  databaseUrl: {
    kind: 'text',
    group: 'History',
    default: 'none',
    placeholder: 'URL',
    isSecret: true,
    about:
      'PostgreSQL database that keeps transcripts in place of --data-dir, for several servers to share, as postgres://USER:PASSWORD@HOST/NAME; best set by the variable, since others see the flags of a process',
    fault: (value) =>
      value === 'none' || (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value))
        ? null
        : 'has to be none, or an address such as postgres://USER:PASSWORD@HOST:5432/NAME, with special characters of the password escaped (%40 for @)',
  },
  keepTranscriptsMs: {
    kind: 'number',
    group: 'History',
    unit: 'ms',
    default: 86_400_000,
    min: 0,
    max: 315_360_000_000,
    about:
      'Time captions are kept before they are deleted; never less than --resume-window-ms, and 0 for no longer than that',
  },
  ...JOB_OPTIONS,
  maxStreams: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 1000,
    min: 1,
    max: 100_000,
    about: 'Streams at once; further ones wait',
  },
  maxWaitingStreams: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 100,
    min: 0,
    max: 100_000,
    about: 'Streams in the waiting room while the server is busy; further ones are refused',
  },
  maxViewers: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 5000,
    min: 1,
    max: 1_000_000,
    about: 'Viewers at once, of all meetings; further ones are refused',
  },
  ...QUOTA_OPTIONS,
  maxBufferedMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 60_000,
    min: 35_000,
    max: 600_000,
    about: 'Audio held for a stream until its captions are final; a stream beyond it is closed',
  },
  maxFinalsPerStream: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 64,
    min: 1,
    max: 1000,
    about: 'Finished segments of a stream waiting for a thread; one beyond it is reported as lost',
  },
  maxFencesPerStream: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 64,
    min: 1,
    max: 1000,
    about: 'Markers and flushes of a stream not yet answered',
  },
  maxBacklogBytes: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes',
    default: 8_388_608,
    min: 65_536,
    max: 1_073_741_824,
    about:
      'Audio that a client of another dialect has sent and its stream has no room for yet; a stream beyond it is closed',
  },
  maxHotWords: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 500,
    min: 1,
    max: 5000,
    about: 'Hot words of a stream, and as many again of its meeting; longer lists are refused',
  },
  maxMessageBytes: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes',
    default: 1_048_576,
    min: 4096,
    max: 8_388_608,
    about: 'Largest message taken from a client',
  },
  maxOutputBytes: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes',
    default: 262_144,
    min: 16_384,
    max: 16_777_216,
    about: 'Captions held for a client that reads slowly; one beyond it is closed',
  },
  ...UPLOAD_OPTIONS,
  startTimeoutMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 10_000,
    min: 100,
    max: 120_000,
    about: 'Time a new connection has to send its start message',
  },
  idleTimeoutMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 3_600_000,
    min: 1000,
    max: 86_400_000,
    about: 'A stream that sends nothing for this long is closed',
  },
  resumeWindowMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 120_000,
    min: 0,
    max: 3_600_000,
    about: 'Time a stream whose connection is lost keeps its seat, to be taken up again; then it is ended',
  },
  deadPeerMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 120_000,
    min: 8000,
    max: 900_000,
    about: 'A connection from which nothing comes for this long, answers to pings included, is given up',
  },
  hangTimeoutMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 20_000,
    min: 500,
    max: 600_000,
    about:
      'A batch that takes longer, and 20 times longer than predicted, is taken for hung: its thread is replaced and its segments are decoded again',
  },
  drainTimeoutMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 10_000,
    min: 0,
    max: 600_000,
    about: 'Time streams have to finish their captions when the server stops',
  },
  logLevel: {
    kind: 'text',
    group: 'Logging',
    default: 'info',
    placeholder: 'LEVEL',
    about: 'Least level that is logged: debug, info, warn, error or silent',
    fault: (value) =>
      ['debug', 'info', 'warn', 'error', 'silent'].includes(value)
        ? null
        : 'is none of debug, info, warn, error, silent',
  },
} as const satisfies Record<string, Option>;

/** The settings by name. */
export type OptionName = keyof typeof OPTIONS;

/** The settings, each checked against its range. */
export type Config = {
  readonly [Name in OptionName]: (typeof OPTIONS)[Name]['kind'] extends 'number' ? number : string;
};

/** `maxBufferedMs` → `--max-buffered-ms`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `maxBufferedMs` → `ROUNDTABLE_MAX_BUFFERED_MS`, unless the option names its own. */
export function environmentName(name: OptionName): string {
  const option: Option = OPTIONS[name];

  return option.env ?? `ROUNDTABLE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
