/** Where on the picture the lines stand. */
export const POSITIONS = [
  'top-left',
  'top',
  'top-right',
  'middle',
  'bottom-left',
  'bottom',
  'bottom-right',
] as const;
export type Position = (typeof POSITIONS)[number];

/** What the address of an overlay says. */
export interface OverlayOptions {
  readonly meeting: string;
  readonly key: string;
  /** Lines on the screen. */
  readonly lines: number;
  /** Columns of a line; a Chinese, Japanese or Korean character takes two. */
  readonly chars: number;
  /** Of the type, in CSS pixels. */
  readonly size: number;
  /** CSS colours, '' for the page's own. */
  readonly color: string;
  readonly background: string;
  /** A CSS font family, '' for the page's own. */
  readonly font: string;
  readonly position: Position;
  /** Whether speakers are named. */
  readonly names: boolean;
  /** The lines go after so long without anything new; 0 lets them stand. */
  readonly hideAfterMs: number;
}

/** Two lines of about 40 characters, as broadcasters have them. */
export const OVERLAY_DEFAULTS: OverlayOptions = {
  meeting: '',
  key: '',
  lines: 2,
  chars: 40,
  size: 40,
  color: '',
  background: '',
  font: '',
  position: 'bottom',
  names: true,
  hideAfterMs: 6000,
};

/** Reads an address. What it does not say, or says wrongly, is as in the defaults: nobody reads an error on the air. */
export function overlayOptions(query: URLSearchParams): OverlayOptions {
  const text = (name: string) => query.get(name)?.trim() ?? '';
  const number = (name: 'lines' | 'chars' | 'size' | 'hideAfterMs', least: number, most: number) => {
    const value = Number(text(name) || Number.NaN);

    return Number.isFinite(value)
      ? Math.round(Math.min(most, Math.max(least, value)))
      : OVERLAY_DEFAULTS[name];
  };
  const position = POSITIONS.find((each) => each === text('position')) ?? OVERLAY_DEFAULTS.position;

  return {
    meeting: text('meeting'),
    key: text('key'),
    lines: number('lines', 1, 6),
    chars: number('chars', 12, 100),
    size: number('size', 10, 200),
    color: text('color'),
    background: text('background'),
    font: text('font'),
    position,
    names: !['off', 'false', '0', 'no'].includes(text('names').toLowerCase()),
    hideAfterMs: number('hideAfterMs', 0, 600_000),
  };
}

/** The query of an overlay's address, with what differs from the defaults only. */
export function overlayQuery(options: OverlayOptions): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(OVERLAY_DEFAULTS) as (keyof OverlayOptions)[]) {
    const value = options[name];
    if (value === OVERLAY_DEFAULTS[name]) continue;
    query.set(name, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
  }

  return query.toString();
}
