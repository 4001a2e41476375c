import { InvalidArgumentError } from 'commander';

/** Reads a flag's whole number. @returns a parser for commander. */
export function wholeNumber(least: number, most: number): (value: string) => number {
  return parser('a whole number', /^\d+$/, least, most);
}

/** Reads a flag's number, which may have a fraction. @returns a parser for commander. */
export function fractionalNumber(least: number, most: number): (value: string) => number {
  return parser('a number', /^\d+(\.\d+)?$/, least, most);
}

function parser(kind: string, form: RegExp, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!form.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`It has to be ${kind} from ${least} to ${most}.`);

    return number;
  };
}
