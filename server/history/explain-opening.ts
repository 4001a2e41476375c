import { Failure } from '../failure.ts';

const ELSEWHERE =
  'name another folder with --data-dir, or keep everything in memory only with --data-dir none';

/**
 * Puts what was wrong with opening the history into a sentence that says what to do.
 * @param directory the data folder. @param error the operating system's, SQLite's or libsql's.
 */
export function explainOpening(directory: string, error: unknown): Failure {
  const { code = '', message = String(error) } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  // Extended codes begin with what they are a case of: SQLITE_IOERR_WRITE.
  const problem = [...PROBLEMS].find(([kind]) => code.startsWith(kind))?.[1];
  const sentence = problem
    ? `The data folder ${directory} ${problem(code, message)}`
    : `The history in the data folder ${directory} cannot be opened (${message.split('\n')[0]}). Mend that`;

  return new Failure(`${sentence}, or ${ELSEWHERE}.`, { cause: error });
}

type Problem = (code: string, message: string) => string;

const forbidden: Problem = (code) =>
  `cannot be written (${code}). Let the user that runs the server write there`;
const unmade: Problem = (code) =>
  `cannot be made (${code}). Make it, for the user that runs the server to write there`;
const notAFolder: Problem = () => 'is a file, or would lie in one. Move the file away';
const full: Problem = (code) => `is on a disk that is full (${code}). Make room`;
const failing: Problem = (code) => `is on a disk that fails or is full (${code}). See to the disk`;
const damaged: Problem = (code) =>
  `has a history.db that is damaged, or not Roundtable's (${code}). Move that file away to begin anew`;
const locked: Problem = (code) =>
  `has a history.db that another program keeps locked (${code}). End that program`;
const newer: Problem = (_, message) =>
  `has a history.db that a newer version of Roundtable has written. ${message} Run that version`;

/** By how the code begins. */
const PROBLEMS: ReadonlyMap<string, Problem> = new Map([
  ['EACCES', forbidden],
  ['EPERM', forbidden],
  ['EROFS', forbidden],
  ['SQLITE_CANTOPEN', forbidden],
  ['SQLITE_READONLY', forbidden],
  ['SQLITE_PERM', forbidden],
  ['ENOENT', unmade],
  ['EEXIST', notAFolder],
  ['ENOTDIR', notAFolder],
  ['EISDIR', damaged],
  ['ENOSPC', full],
  ['EDQUOT', full],
  ['SQLITE_FULL', full],
  ['EIO', failing],
  ['SQLITE_IOERR', failing],
  ['SQLITE_NOTADB', damaged],
  ['SQLITE_CORRUPT', damaged],
  ['SQLITE_BUSY', locked],
  ['SQLITE_LOCKED', locked],
  ['NEWER_SCHEMA', newer],
]);
