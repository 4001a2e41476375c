import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OUTPUT_RATE, Resampler } from './audio/resampler.ts';
import { readWav } from './audio/wav.ts';
import type { Speaker } from './speaker/terms.ts';

export * from './index.ts';

/** How fast audio is sent: as it would be spoken, or as fast as the server takes it. */
export type Pace = 'realtime' | 'fast';

/** Audio in one message. */
const MESSAGE_MS = 100;

/**
 * Sends a recording: PCM of 16 bits or floats, mixed down to one channel, and brought to 16 kHz if the speaker was opened so.
 * Neither stops the speaker nor waits for captions.
 * @param file a path, or the bytes of such a file.
 * @param options.pace `realtime` when left out, kept by the absolute clock: a late message makes none after it late.
 * @throws {RangeError} when it is no such WAV file, or the speaker was opened for other audio. Says what to do.
 * @throws {RoundtableError} when the speaker is closed meanwhile.
 */
export async function sendWav(
  speaker: Speaker,
  file: string | Uint8Array,
  { pace = 'realtime' }: { readonly pace?: Pace } = {},
): Promise<void> {
  const { samples, sampleRate } = readWav(typeof file === 'string' ? await readFile(file) : file);
  const audio = fit(samples, sampleRate, speaker.format);
  const step = Math.round((speaker.format.sampleRate * MESSAGE_MS) / 1000);
  const startedAt = performance.now();
  for (let at = 0; at < audio.length; at += step) {
    const message = audio.subarray(at, at + step);
    // A microphone delivers a message when its last sample has been heard.
    const heardAtMs = ((at + message.length) * 1000) / speaker.format.sampleRate;
    if (pace === 'realtime') await sleep(Math.max(0, startedAt + heardAtMs - performance.now()));
    else await speaker.drained();
    speaker.send(message);
  }
}

function fit(samples: Float32Array, from: number, { sampleRate, channels }: Speaker['format']): Float32Array {
  if (channels !== 1)
    throw new RangeError(`The audio is mono, but the speaker was opened for ${channels} channels.`);
  if (from === sampleRate) return samples;
  if (sampleRate !== OUTPUT_RATE)
    throw new RangeError(
      `The audio has ${from} samples per second: open the speaker with sampleRate ${from}, or ${OUTPUT_RATE}, which it is brought to.`,
    );
  const resampler = new Resampler(from);
  const body = resampler.process(samples);
  const tail = resampler.flush();
  const fitted = new Float32Array(body.length + tail.length);
  fitted.set(body);
  fitted.set(tail, body.length);

  return fitted;
}
