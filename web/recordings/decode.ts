/** What the models hear, in samples per second. */
const SAMPLE_RATE = 16_000;
const SAMPLE_BYTES = 2;
/** Beyond this the decoded audio might not fit beside the file: hours of speech, compressed. */
const MAX_FILE_BYTES = 200 * 1024 ** 2;

/**
 * The sound of a file that the server cannot read, for the browser may know it: a server without ffmpeg reads WAV and FLAC only.
 * @returns mono at 16 kHz; null where the browser cannot read it either.
 */
export async function asWav(file: File): Promise<Blob | null> {
  if (file.size > MAX_FILE_BYTES) return null;
  try {
    // Decoding resamples to the context's rate.
    const context = new OfflineAudioContext({ numberOfChannels: 1, length: 1, sampleRate: SAMPLE_RATE });
    const audio = await context.decodeAudioData(await file.arrayBuffer());

    return audio.length === 0
      ? null
      : new Blob([wavHead(audio.length), mixDown(audio)], { type: 'audio/wav' });
  } catch {
    return null;
  }
}

function mixDown(audio: AudioBuffer): Int16Array<ArrayBuffer> {
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

/** Before 16-bit PCM: IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991. */
function wavHead(samples: number): ArrayBuffer {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at: number, letters: string) => {
    for (const [i, letter] of [...letters].entries()) head.setUint8(at + i, letter.charCodeAt(0));
  };
  const dataBytes = samples * SAMPLE_BYTES;
  text(0, 'RIFF');
  head.setUint32(4, 36 + dataBytes, true);
  text(8, 'WAVEfmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, SAMPLE_RATE, true);
  head.setUint32(28, SAMPLE_RATE * SAMPLE_BYTES, true);
  head.setUint16(32, SAMPLE_BYTES, true);
  head.setUint16(34, 8 * SAMPLE_BYTES, true);
  text(36, 'data');
  head.setUint32(40, dataBytes, true);

  return head.buffer;
}
