import type { NeedsFfmpeg, RecordingFile, RecordingStream } from '../../server/recording/recording-stream.ts';

/** A file that is only in memory. @param mostAtOnce bytes that one read gives at most. */
export function memoryFile(bytes: Uint8Array, mostAtOnce = Number.POSITIVE_INFINITY): RecordingFile {
  return {
    read: async (memory, offset, length, position) => {
      const part = bytes.subarray(position, position + Math.min(length, mostAtOnce));
      memory.set(part, offset);

      return { bytesRead: part.length };
    },
    close: async () => {},
  };
}

/** A recording's rate and channels, and all of its samples; or what ffmpeg is needed for. */
export async function readWhole(
  opened: RecordingStream | NeedsFfmpeg,
): Promise<{ sampleRate: number; channels: number | null; samples: number[] } | NeedsFfmpeg> {
  if ('needsFfmpeg' in opened) return opened;
  const samples: number[] = [];
  for await (const piece of opened.pieces) for (const sample of piece) samples.push(sample);
  await opened.close();

  return { sampleRate: opened.sampleRate, channels: opened.channels, samples };
}
