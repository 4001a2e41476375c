/** Colours that tokens.css has for speakers, `--voice-0` and on. */
export const VOICE_COLOURS = 12;

/** The colour of a speaker's name: the same for the same name in every meeting and browser. */
export function voiceColour(speaker: string): string {
  return `var(--voice-${voiceIndex(speaker)})`;
}

/** FNV-1a over the name's code points. @returns 0 up to VOICE_COLOURS. */
export function voiceIndex(speaker: string): number {
  let hash = 0x811c9dc5;
  for (const character of speaker.trim().toLowerCase()) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  }
  // The low bits of FNV are its weakest.
  return ((hash ^ (hash >>> 15)) >>> 0) % VOICE_COLOURS;
}
