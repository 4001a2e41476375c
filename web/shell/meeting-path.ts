const FIRST = [
  'amber',
  'birch',
  'cedar',
  'clover',
  'copper',
  'fern',
  'harbour',
  'heather',
  'indigo',
  'juniper',
];
const SECOND = [
  'bridge',
  'brook',
  'garden',
  'harvest',
  'island',
  'lantern',
  'meadow',
  'orchard',
  'river',
  'valley',
];

/**
 * A name for a meeting that can be said aloud and is unlikely to be in use: `amber-river-482`. It is no secret.
 * @param random 0 up to, not including, 1.
 */
export function suggestMeeting(random: () => number): string {
  const pick = (names: readonly string[]) => names[Math.floor(random() * names.length)]!;

  return `${pick(FIRST)}-${pick(SECOND)}-${100 + Math.floor(random() * 900)}`;
}

/** Where a meeting's captions are read. */
export function meetingPath(meeting: string): string {
  return `/meetings/${encodeURIComponent(meeting)}`;
}

/** Where a caption is read among what was said around it. What is behind the `#` is not sent to the server. */
export function captionPath(meeting: string, captionId: string): string {
  return `${meetingPath(meeting)}#caption=${encodeURIComponent(captionId)}`;
}

/** The caption that the part of an address from the `#` on is of; null where it is none. */
export function captionOfHash(hash: string): string | null {
  return new URLSearchParams(hash.slice(1)).get('caption');
}

/** The meeting that a path of `meetingPath` is of; null where it is none. */
export function meetingOfPath(path: string): string | null {
  const [, name] = /^\/meetings\/([^/]+)\/?$/.exec(path) ?? [];
  if (name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}
