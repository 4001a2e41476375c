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

const WIDTH = 760;
const LABEL_WIDTH = 250;
const VALUE_WIDTH = 60;
const BAR_HEIGHT = 18;
const BAR_STEP = 25;
const HEADING_HEIGHT = 44;
const MARGIN = 16;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .panel { font-weight: 600 }
    .ground { fill: #ffffff }
    .own { fill: #1a7f64 }
    .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .ground { fill: #0d1117 }
      .own { fill: #3fb68b }
      .other { fill: #6e7681 }
    }
`;

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
  const height = y + MARGIN;

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
  <title>${escapeXml(title)}</title>
  <style>${STYLE}  </style>
  <rect class="ground" width="${WIDTH}" height="${height}"/>
  ${parts.join('\n  ')}
</svg>
`;
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

function text(x: number, y: number, content: string, kind?: string): string {
  return `<text x="${x}" y="${y}"${kind ? ` class="${kind}"` : ''}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
