import { drawPage, MARGIN, text, WIDTH } from '../svg.ts';

/** Bars of one unit. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** One bar. */
export interface Bar {
  readonly label: string;
  /** At least 0. */
  readonly value: number;
  /** Whether it is this engine's rather than one it is compared with. */
  readonly own: boolean;
}

const LABEL_WIDTH = 250;
const VALUE_WIDTH = 60;
const BAR_HEIGHT = 18;
const BAR_STEP = 25;
const HEADING_HEIGHT = 44;

/** Horizontal bars as SVG, for light and dark pages; each panel has a scale of its own, from 0. */
export function drawChart(title: string, panels: readonly Panel[]): string {
  let y = MARGIN + 20;
  const parts = [text(MARGIN, y, title, 'title')];
  for (const panel of panels) {
    parts.push(text(MARGIN, y + HEADING_HEIGHT - 12, panel.title, 'panel'));
    y += HEADING_HEIGHT;
    const most = Math.max(...panel.bars.map(({ value }) => value), Number.MIN_VALUE);
    for (const bar of panel.bars) {
      parts.push(drawBar(bar, y, most));
      y += BAR_STEP;
    }
  }

  return drawPage(title, y + MARGIN, parts);
}

function drawBar({ label, value, own }: Bar, y: number, most: number): string {
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const length = (room * value) / most;
  const left = MARGIN + LABEL_WIDTH;
  const baseline = y + BAR_HEIGHT - 5;
  const rect = `<rect class="${own ? 'own' : 'other'}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`;

  return [
    text(MARGIN, baseline, label),
    rect,
    text(Math.round(left + length) + 6, baseline, value.toFixed(1)),
  ].join('');
}
