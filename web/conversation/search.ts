import type { Caption } from './conversation.ts';

/** A caption that holds what is looked for. */
export interface Hit {
  readonly captionId: string;
  /** In `captions`. */
  readonly index: number;
}

/** A part of a text; `isHit` where it is what was looked for. */
export interface TextPart {
  readonly text: string;
  readonly isHit: boolean;
}

/** Everyone who reads along looks for what they heard: letters' case does not matter, nor how blanks are written. */
export function patternFor(query: string): RegExp | null {
  const words = query.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

  return new RegExp(escaped.join('\\s+'), 'giu');
}

/** Finals that hold the pattern, in the words or in the speaker's name. What may still change is not searched. */
export function search(captions: readonly Caption[], pattern: RegExp | null): Hit[] {
  if (!pattern) return [];

  return captions.flatMap(({ captionId, isFinal, text, speaker }, index) =>
    isFinal && (matches(text, pattern) || matches(speaker, pattern)) ? [{ captionId, index }] : [],
  );
}

/** Takes a text apart for marking. Joined together, the parts are the text. */
export function markedParts(text: string, pattern: RegExp | null): TextPart[] {
  if (!pattern) return [{ text, isHit: false }];
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isHit: false });
    parts.push({ text: match[0], isHit: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isHit: false });

  return parts;
}

function matches(text: string, pattern: RegExp): boolean {
  // A pattern with `g` remembers where it was.
  pattern.lastIndex = 0;

  return pattern.test(text);
}
