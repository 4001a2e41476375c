/** What the models hear. */
export const SAMPLE_RATE = 16_000;

/** Beyond this the decoded audio would not fit beside the file in many browsers: one hour of stereo at 16 kHz is 460 MB. */
const MAX_FILE_BYTES = 1024 ** 3;

/** Why a file could not be read. */
export type DecodeFault = 'too-large' | 'not-audio' | 'empty';

/** A file that is no recording the browser can read. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly fault: DecodeFault;

  constructor(fault: DecodeFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}

/**
 * The sound of an audio or video file, at `SAMPLE_RATE`, all channels mixed down to one.
 * @throws {DecodeError}
 */
export async function decode(file: File): Promise<Int16Array> {
  if (file.size > MAX_FILE_BYTES) throw new DecodeError('too-large');
  const audio = await decodeAudio(await file.arrayBuffer());
  if (audio.length === 0) throw new DecodeError('empty');

  return mixDown(audio);
}

async function decodeAudio(bytes: ArrayBuffer): Promise<AudioBuffer> {
  // Decoding resamples to the context's rate.
  const context = new OfflineAudioContext({ numberOfChannels: 1, length: 1, sampleRate: SAMPLE_RATE });
  try {
    return await context.decodeAudioData(bytes);
  } catch (error) {
    throw new DecodeError('not-audio', { cause: error });
  }
}

function mixDown(audio: AudioBuffer): Int16Array {
  const channels = Array.from({ length: audio.numberOfChannels }, (_, channel) =>
    audio.getChannelData(channel),
  );
  const mixed = new Int16Array(audio.length);
  for (let sample = 0; sample < mixed.length; sample++) {
    let sum = 0;
    for (const channel of channels) sum += channel[sample]!;
    mixed[sample] = Math.max(-32768, Math.min(32767, Math.round((sum / channels.length) * 32767)));
  }

  return mixed;
}
