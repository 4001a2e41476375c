import { Parser, type ReadEntry } from 'tar';
import { DownloadFailure } from './download-failure.ts';

/** A stretch of one file in an archive; a `null` chunk marks the file's end. */
export interface ArchivePiece {
  /** As it stands in the archive, but for a `./` in front. */
  readonly path: string;
  readonly chunk: Uint8Array | null;
}

/**
 * Reads a tarball, compressed or not, and yields the admitted regular files piece by piece, in the archive's order.
 * Parsing is synchronous, so what one chunk of the archive brings out is handed on before the next one is read.
 * @param admit decides by path and size in bytes; it may throw.
 * @throws {DownloadFailure} when the archive is damaged or cut short.
 */
export async function* readArchive(
  archive: AsyncIterable<Uint8Array>,
  what: string,
  admit: (path: string, bytes: number) => boolean,
): AsyncGenerator<ArchivePiece> {
  const pieces: ArchivePiece[] = [];
  let failure: unknown = null;
  const parser = new Parser({
    onReadEntry: (entry: ReadEntry) => {
      const path = entry.path.replace(/^(\.\/+)+/, '');
      try {
        if (failure === null && isRegular(entry) && admit(path, entry.size)) {
          entry.on('data', (chunk) => pieces.push({ path, chunk }));
          entry.on('end', () => pieces.push({ path, chunk: null }));
        }
      } catch (error) {
        failure = error;
      }
      entry.resume();
    },
  });
  parser.on('error', (error: Error & { code?: string }) => {
    failure ??= new DownloadFailure(
      `The archive of ${what} arrived damaged (${error.code ?? error.message}).`,
      'Pull again.',
      true,
    );
  });
  for await (const chunk of archive) {
    parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    if (failure !== null) throw failure;
    yield* pieces.splice(0);
  }
  parser.end();
  if (failure !== null) throw failure;
  yield* pieces;
}

function isRegular(entry: ReadEntry): boolean {
  return entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
}
