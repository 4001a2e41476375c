import { InvalidArgumentError } from 'commander';

/** Reads a flag's whole number. @returns a parser for commander. */
export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`It has to be a whole number from ${least} to ${most}.`);

    return number;
  };
}
