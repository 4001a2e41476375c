import { Failure } from '../failure.ts';

/**
 * Refuses a name that is no plain name of a folder: with a slash it would be a path, with a dot in front it would be hidden
 * or lead out of the models directory.
 * @param advice what to do about it, as a sentence with a space in front.
 * @throws {Failure} saying what a name may be.
 */
export function assertModelName(name: string, advice = ''): void {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name) && !name.endsWith('.')) return;
  throw new Failure(
    `"${name}" cannot name a model: a name is up to 64 letters, digits, dots, dashes and underscores, and begins with a ` +
      `letter or a digit.${advice}`,
  );
}
