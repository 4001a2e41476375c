import type { AudioEncoding, ReadyMessage, StartMessage } from '../protocol.ts';
import { SAMPLE_BYTES } from './pcm.ts';
import type { SpeakerOptions } from './terms.ts';

/** Most interleaved channels a stream may carry. */
const MAX_CHANNELS = 8;
const MIN_RATE = 8000;
const MAX_RATE = 48_000;

/** How a speaker's audio comes. */
export interface Format {
  readonly sampleRate: number;
  readonly encoding: AudioEncoding;
  readonly channels: number;
  /** Bytes of a sample of every channel. */
  readonly frameBytes: number;
}

/**
 * A speaker's format, the defaults filled in.
 * @throws {RangeError} for rates and channels that no server takes.
 */
export function formatOf({
  sampleRate = 16_000,
  encoding = 'pcm_s16le',
  channels = 1,
}: Pick<SpeakerOptions, 'sampleRate' | 'encoding' | 'channels'>): Format {
  if (!Number.isInteger(sampleRate) || sampleRate < MIN_RATE || sampleRate > MAX_RATE)
    throw new RangeError(
      `sampleRate has to be a whole number from ${MIN_RATE} to ${MAX_RATE}, not ${sampleRate}.`,
    );
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS)
    throw new RangeError(`channels has to be from 1 to ${MAX_CHANNELS}, not ${channels}.`);
  const sampleBytes = SAMPLE_BYTES[encoding];
  if (sampleBytes === undefined)
    throw new RangeError(`encoding has to be one of ${Object.keys(SAMPLE_BYTES).join(', ')}.`);

  return { sampleRate, encoding, channels, frameBytes: sampleBytes * channels };
}

/** @param earlier of a stream that this one goes on with: the same meeting, the same name, made up or not. */
export function startMessage(options: SpeakerOptions, earlier: ReadyMessage | null): StartMessage {
  const { language, model, partials, timing, words, hotWords, mask, numerals, endpointing } = options;
  const { sampleRate, encoding, channels } = formatOf(options);
  const meeting = options.meeting ?? earlier?.meeting;
  const speaker = options.speaker ?? earlier?.speaker;

  return {
    ...{ type: 'start', sampleRate, encoding, channels },
    ...(meeting !== undefined && { meeting }),
    ...(speaker !== undefined && { speaker }),
    ...(language !== undefined && { language }),
    ...(model !== undefined && { model }),
    ...(partials !== undefined && { partials }),
    ...(timing !== undefined && { timing }),
    ...(words !== undefined && { words }),
    ...(hotWords && { hotWords }),
    ...(mask && { mask }),
    ...(numerals !== undefined && { numerals }),
    ...(endpointing && { endpointing }),
  };
}
