import { stripVTControlCharacters } from 'node:util';

/**
 * A server's text without escape sequences and control characters, in whose place there are spaces: a terminal would
 * obey them, and a line break would make two captions of one.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, ' ');
}
