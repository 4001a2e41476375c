import { Failure } from '../failure.ts';

/** Puts an error of the file system into a sentence; anything else is returned as it is. */
export function explainDisk(error: unknown, directory: string): unknown {
  if (error instanceof Failure) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure(
      `There is no room for the model in ${directory}. Free some, or name another folder with --models-dir.`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new Failure(
      `The models directory ${directory} may not be read or written (${code}). ` +
        'Change its permissions, or name another folder with --models-dir.',
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR' || code === 'ENOENT') {
    return new Failure(
      `${directory} cannot hold models (${code}): something else is in the way. ` +
        'Move it, or name another folder with --models-dir.',
    );
  }
  return error;
}
