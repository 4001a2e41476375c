import type { Option } from './option.ts';

/** A host, with its port if it is not the protocol's own: `media.example.org:8443`. */
function isHost(text: string): boolean {
  return URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text;
}

/** What the queue of recordings does, and what it may take of the server. */
export const JOB_OPTIONS = {
  maxRunningJobs: {
    kind: 'number',
    group: 'Recordings',
    unit: 'count',
    default: 4,
    min: 1,
    max: 1000,
    about: 'Recordings of the queue that are captioned at once; each has as many threads as it can use',
  },
  maxRunningJobsPerKey: {
    kind: 'number',
    group: 'Recordings',
    unit: 'count',
    default: 2,
    min: 1,
    max: 1000,
    about: 'Recordings of the queue that are captioned at once for one API key',
  },
  maxJobs: {
    kind: 'number',
    group: 'Recordings',
    unit: 'count',
    default: 1000,
    min: 1,
    max: 100_000,
    about: 'Recordings in the queue, half as many of one key; further ones are refused',
  },
  maxJobBytes: {
    kind: 'number',
    group: 'Recordings',
    unit: 'bytes',
    default: 17_179_869_184,
    min: 65_536,
    max: 1_125_899_906_842_624,
    about:
      'What the recordings in the queue may take of the disk, those of one key half; further ones are refused',
  },
  maxJobAttempts: {
    kind: 'number',
    group: 'Recordings',
    unit: 'count',
    default: 3,
    min: 1,
    max: 10,
    about: 'Times that a recording is tried before it has failed',
  },
  jobBackoffMs: {
    kind: 'number',
    group: 'Recordings',
    unit: 'ms',
    default: 5000,
    min: 0,
    max: 3_600_000,
    about: 'Time from a failed attempt to the second; twice as long to the third, and so on',
  },
  jobProgressTimeoutMs: {
    kind: 'number',
    group: 'Recordings',
    unit: 'ms',
    default: 300_000,
    min: 5000,
    max: 86_400_000,
    about: 'An attempt that makes no progress for so long has failed',
  },
  keepResultsMs: {
    kind: 'number',
    group: 'Recordings',
    unit: 'ms',
    default: 3_600_000,
    min: 1000,
    max: 31_536_000_000,
    about: 'Time that finished recordings of the queue can be asked for, and their captions',
  },
  jobUrlHosts: {
    kind: 'text',
    group: 'Recordings',
    default: 'none',
    placeholder: 'LIST',
    about: 'Hosts that recordings may be fetched from, separated by commas, each with its port if need be',
    fault: (value) => {
      const wrong = value === 'none' ? undefined : value.split(',').find((host) => !isHost(host));

      return wrong === undefined ? null : `has '${wrong}', which is no host such as media.example.org:8443`;
    },
  },
  callbackSecretFile: {
    kind: 'text',
    group: 'Recordings',
    default: 'none',
    placeholder: 'FILE',
    about: 'File whose content signs callbacks; none for one that the server makes in the data folder',
  },
  allowPrivateCallbacks: {
    kind: 'text',
    group: 'Recordings',
    default: 'no',
    placeholder: 'YES/NO',
    about: 'Whether callbacks may go to addresses of this machine and of private networks',
    fault: (value) => (['yes', 'no'].includes(value) ? null : 'is neither yes nor no'),
  },
  redisUrl: {
    kind: 'text',
    group: 'Recordings',
    default: 'none',
    placeholder: 'URL',
    isSecret: true,
    about:
      'Redis that keeps the queue in place of --data-dir, for several servers to share, as redis://USER:PASSWORD@HOST/0; best set by the variable, since others see the flags of a process',
    fault: (value) =>
      value === 'none' || (/^rediss?:\/\/[^/]/.test(value) && URL.canParse(value))
        ? null
        : 'has to be none, or an address such as redis://:PASSWORD@HOST:6379/0, with special characters of the password escaped (%40 for @)',
  },
  recordingsDir: {
    kind: 'text',
    group: 'Recordings',
    default: 'none',
    placeholder: 'DIR',
    about:
      'Where recordings wait, for servers that share a queue: a folder that all of them see; none for jobs/ in --data-dir',
  },
  adminPasswordFile: {
    kind: 'text',
    group: 'Recordings',
    default: 'none',
    placeholder: 'FILE',
    about:
      'File whose content is the password of operators for Bull Board at /admin/queues, which there is with --redis-url; none for no Bull Board',
  },
} as const satisfies Record<string, Option>;
