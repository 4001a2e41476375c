import type { Option } from './option.ts';

/** What recordings that are sent whole, over HTTP, may take of the server. */
export const UPLOAD_OPTIONS = {
  maxUploadBytes: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes',
    default: 268_435_456,
    min: 65_536,
    max: 68_719_476_736,
    about: 'Largest recording taken over HTTP; it lies on the disk until it is captioned',
  },
  maxUploads: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 16,
    min: 1,
    max: 1000,
    about: 'Recordings taken over HTTP at once, half as many of one key; further ones are refused',
  },
  maxRecordingMs: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 14_400_000,
    min: 1000,
    max: 86_400_000,
    about: 'Longest recording taken over HTTP, however small its file',
  },
} as const satisfies Record<string, Option>;
