import type { Option } from './option.ts';

/**
 * What one key and one meeting may use of the server. The defaults for streams and viewers are the server's own, and
 * the others are far above what speech needs: they stop what has gone wrong, and are set lower where servers are shared.
 */
export const QUOTA_OPTIONS = {
  maxStreamsPerKey: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 1000,
    min: 1,
    max: 100_000,
    about: 'Streams at once with one API key; further ones are refused',
  },
  maxStreamsPerMeeting: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 1000,
    min: 1,
    max: 100_000,
    about: 'Streams at once in one meeting; further ones are refused',
  },
  maxViewersPerKey: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 5000,
    min: 1,
    max: 1_000_000,
    about: 'Viewers at once with one API key; further ones are refused',
  },
  maxViewersPerMeeting: {
    kind: 'number',
    group: 'Limits',
    unit: 'count',
    default: 5000,
    min: 1,
    max: 1_000_000,
    about: 'Viewers at once of one meeting; further ones are refused',
  },
  maxBufferedMsPerKey: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 36_000_000,
    min: 35_000,
    max: 360_000_000,
    about:
      'Audio not yet acknowledged, of all streams with one API key; the stream that goes beyond it is closed',
  },
  maxBufferedMsPerMeeting: {
    kind: 'number',
    group: 'Limits',
    unit: 'ms',
    default: 7_200_000,
    min: 35_000,
    max: 360_000_000,
    about:
      'Audio not yet acknowledged, of all streams in one meeting; the stream that goes beyond it is closed',
  },
  maxBytesPerSecondPerKey: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes/s',
    default: 268_435_456,
    min: 8000,
    max: 10_000_000_000,
    about:
      'Received from all streams with one API key, after five seconds in advance; the stream that goes beyond it is closed',
  },
  maxBytesPerSecondPerMeeting: {
    kind: 'number',
    group: 'Limits',
    unit: 'bytes/s',
    default: 67_108_864,
    min: 8000,
    max: 10_000_000_000,
    about:
      'Received from all streams in one meeting, after five seconds in advance; the stream that goes beyond it is closed',
  },
} as const satisfies Record<string, Option>;
