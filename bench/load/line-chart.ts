import { drawPage, MARGIN, text, WIDTH } from '../svg.ts';
import { extent, factorTicks, niceTicks, type Scale, tickLabel } from './scale.ts';

/** Lines over one another that share their axes. */
export interface LinePanel {
  readonly title: string;
  /** What runs to the right, with its unit. */
  readonly x: string;
  /** Steps to the right are factors; all of x has to be above 0. */
  readonly logX?: boolean;
  /** Least top of the scale, which else ends above the highest point. */
  readonly yAtLeast?: number;
  /** Most of the scale: lines that go higher are cut off there, so that one outlier does not flatten the rest. */
  readonly yAtMost?: number;
  readonly lines: readonly Line[];
  /** Levels drawn across. */
  readonly limits?: readonly Mark[];
  /** Moments drawn upright. */
  readonly moments?: readonly Mark[];
}

/** One line. */
export interface Line {
  readonly label: string;
  /** By rising x; points that are no numbers leave a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: Colour;
  /** For what is beside the point, such as the same of a peer at another percentile. */
  readonly dashed?: boolean;
  /** Points alone, unconnected. */
  readonly scattered?: boolean;
}

/** Something with a name at a place of an axis. */
export interface Mark {
  readonly label: string;
  readonly at: number;
}

/** `own` is for this server, `other` for what it is compared with; the rest tell several lines of one server apart. */
export type Colour = 'own' | 'other' | 'blue' | 'orange' | 'purple' | 'red' | 'yellow';

const COLOURS: Readonly<Record<Colour, { readonly light: string; readonly dark: string }>> = {
  own: { light: '#1a7f64', dark: '#3fb68b' },
  other: { light: '#8c959f', dark: '#8b949e' },
  blue: { light: '#0969da', dark: '#58a6ff' },
  orange: { light: '#bc4c00', dark: '#f0883e' },
  purple: { light: '#8250df', dark: '#bc8cff' },
  red: { light: '#cf222e', dark: '#ff7b72' },
  yellow: { light: '#9a6700', dark: '#d29922' },
};

const PLOT_HEIGHT = 200;
const LEFT = MARGIN + 52;
const RIGHT = WIDTH - MARGIN;
const LEGEND_STEP = 20;
const DOT_RADIUS = 2.5;
/** More points than this are drawn as a line without dots. */
const MOST_DOTS = 60;

/** Lines as SVG, for light and dark pages, one panel below the other; every y axis begins at 0, or below it when it has to. */
export function drawLines(title: string, panels: readonly LinePanel[]): string {
  let y = MARGIN + 20;
  const parts = [text(MARGIN, y, title, 'title')];
  for (const panel of panels) {
    const { svg, height } = drawPanel(panel, y + 14);
    parts.push(svg);
    y += 14 + height;
  }

  return drawPage(title, y + MARGIN, parts, lineStyle());
}

function drawPanel(panel: LinePanel, top: number): { readonly svg: string; readonly height: number } {
  const legend = drawLegend(panel.lines, top + 38);
  const plotTop = top + 38 + legend.height;
  const bottom = plotTop + PLOT_HEIGHT;
  const x = xScale(panel);
  const y = yScale(panel, plotTop, bottom);
  const parts = [
    text(MARGIN, top + 18, panel.title, 'panel'),
    legend.svg,
    ...y.ticks.flatMap((tick) => [
      `<path class="grid" d="M${LEFT} ${px(y.at(tick))}H${RIGHT}"/>`,
      text(LEFT - 6, Math.round(y.at(tick)) + 4, tickLabel(tick), 'tick end'),
    ]),
    ...x.ticks.flatMap((tick) => [
      `<path class="axis" d="M${px(x.at(tick))} ${bottom}v5"/>`,
      text(Math.round(x.at(tick)), bottom + 18, tickLabel(tick), 'tick middle'),
    ]),
    `<path class="axis" d="M${LEFT} ${bottom}H${RIGHT}"/>`,
    text((LEFT + RIGHT) / 2, bottom + 36, panel.x, 'tick middle'),
    ...(panel.limits ?? []).flatMap(({ label, at }) => [
      `<path class="limit" d="M${LEFT} ${px(y.at(at))}H${RIGHT}"/>`,
      text(LEFT + 12, Math.round(y.at(at)) - 4, label, 'tick'),
    ]),
    ...(panel.moments ?? []).flatMap(({ label, at }) => drawMoment(label, x.at(at), plotTop, bottom)),
    // What is cut off at the top leaves the plot there.
    `<clipPath id="plot-${top}"><rect x="${LEFT}" y="${plotTop}" width="${RIGHT - LEFT}" height="${PLOT_HEIGHT + 4}"/></clipPath>`,
    `<g clip-path="url(#plot-${top})">${panel.lines.map((line) => drawLine(line, x, y)).join('')}</g>`,
  ];

  return { svg: parts.join('\n  '), height: bottom + 44 - top };
}

function drawMoment(label: string, x: number, top: number, bottom: number): readonly string[] {
  const roomy = x < (LEFT + 2 * RIGHT) / 3;

  return [
    `<path class="limit" d="M${px(x)} ${top}V${bottom}"/>`,
    text(Math.round(x) + (roomy ? 4 : -4), top + 12, label, roomy ? 'tick' : 'tick end'),
  ];
}

function drawLine(line: Line, x: Scale, y: Scale): string {
  const { points, colour, dashed = false, scattered = false } = line;
  let path = '';
  let dots = '';
  let broken = true;
  for (const [px0, py0] of points) {
    if (!Number.isFinite(px0) || !Number.isFinite(py0)) {
      broken = true;
      continue;
    }
    const [cx, cy] = [px(x.at(px0)), px(y.at(py0))];
    path += `${broken ? 'M' : 'L'}${cx} ${cy}`;
    broken = false;
    dots += `<circle class="dot-${colour}" cx="${cx}" cy="${cy}" r="${DOT_RADIUS}"/>`;
  }
  const shown = scattered ? '' : `<path class="line-${colour}${dashed ? ' dashed' : ''}" d="${path}"/>`;

  return shown + (scattered || points.length <= MOST_DOTS ? dots : '');
}

/** Samples of the lines with their names, in rows as wide as the chart. */
function drawLegend(lines: readonly Line[], top: number): { readonly svg: string; readonly height: number } {
  const parts: string[] = [];
  let [x, y] = [LEFT, top];
  for (const { label, colour, dashed = false } of lines) {
    // No text can be measured here: 7 pixels a letter are more than most take.
    const width = 40 + 7 * label.length;
    if (x > LEFT && x + width > RIGHT) [x, y] = [LEFT, y + LEGEND_STEP];
    parts.push(`<path class="line-${colour}${dashed ? ' dashed' : ''}" d="M${x} ${y - 4}h20"/>`);
    parts.push(text(x + 26, y, label, 'tick'));
    x += width;
  }

  return { svg: parts.join(''), height: y - top + 12 };
}

function xScale({ lines, moments = [], logX = false }: LinePanel): Scale {
  const values = lines.flatMap(({ points }) => points.map(([x]) => x));
  const [least, most] = extent([...values, ...moments.map(({ at }) => at)]);
  const place = (share: number) => LEFT + 8 + share * (RIGHT - LEFT - 16);
  if (!logX) {
    const span = most - least || 1;

    return { at: (value) => place((value - least) / span), ticks: niceTicks(least, most, 8) };
  }
  const span = Math.log(most / least) || 1;

  return { at: (value) => place(Math.log(value / least) / span), ticks: factorTicks(least, most) };
}

function yScale(panel: LinePanel, top: number, bottom: number): Scale {
  const { lines, limits = [], yAtLeast = 0, yAtMost = Number.POSITIVE_INFINITY } = panel;
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [least, most] = extent([...values, ...limits.map(({ at }) => at), yAtLeast]);
  const ceiling = Math.min(most, yAtMost) * 1.06 || 1;
  const floor = Math.min(0, least);

  return {
    at: (value) => bottom - ((value - floor) / (ceiling - floor)) * (bottom - top),
    ticks: niceTicks(floor, ceiling, 5),
  };
}

function px(value: number): string {
  return value.toFixed(1);
}

function lineStyle(): string {
  const rules = (theme: 'light' | 'dark', indent: string) =>
    Object.entries(COLOURS)
      .map(
        ([name, { [theme]: colour }]) =>
          `${indent}.line-${name} { stroke: ${colour} } .dot-${name} { fill: ${colour} }\n`,
      )
      .join('');

  return `    .tick { font-size: 12px }
    .end { text-anchor: end }
    .middle { text-anchor: middle }
    .grid { stroke: #8c959f; stroke-opacity: 0.25 }
    .axis { stroke: #8c959f }
    .limit { stroke: #cf222e; stroke-dasharray: 2 3 }
    [class^='line-'] { fill: none; stroke-width: 1.75; stroke-linejoin: round }
    .dashed { stroke-dasharray: 5 4 }
${rules('light', '    ')}    @media (prefers-color-scheme: dark) {
      .limit { stroke: #ff7b72 }
${rules('dark', '      ')}    }
`;
}
