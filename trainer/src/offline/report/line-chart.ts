// A line chart as SVG text: axes, grid, lines, and a label at the end of each line. Small on purpose; what a learning
// curve needs and nothing else.
import { escaped, fitted, framed, textWidth } from './chart-text.ts';
import { DARK_STYLE, letterColour } from './dark-colours.ts';

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly style?: 'solid' | 'faint' | 'faint-dotted' | 'dashed';
  /** Shown as a bar at the line's last point. */
  readonly interval?: { readonly low: number; readonly high: number };
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly xTitle: string;
  readonly lines: readonly Line[];
  readonly footnote?: string;
  /** Whether values of y lie in [0, 1] (the default), or are amounts from 0 on. */
  readonly scale?: 'shares' | 'amounts';
}

const [WIDTH, HEIGHT] = [760, 440];
const PLOT = { left: 56, right: 600, top: 76, bottom: 372 } as const;
/** Ticks of y, at most. */
const TICKS = 6;
const LABEL_STEP = 15;
/** Bars stand side by side. */
const BAR_STEP = 8;
const INK = '#1f2933';
const QUIET = '#6b7785';
/** For a label with its value, beside the plot. */
const LABEL = { left: 618, width: 136, size: 12 } as const;

const at = (value: number): string => value.toFixed(1).replace(/[.]0$/, '');

/** Steps of 1, 2 or 5 times a power of ten that give at most `most` ticks. */
function ticks(low: number, high: number, most: number): number[] {
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * (1 - 1e-9))!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Label positions near the wanted ones, at least one line of text apart and inside the plot. */
function spreadLabels(wanted: readonly number[]): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let free = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    placed[i] = Math.max(wanted[i]!, free);
    free = placed[i]! + LABEL_STEP;
  }
  let limit: number = PLOT.bottom + 4;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i]!, limit);
    limit = placed[i]! - LABEL_STEP;
  }
  return placed;
}

const STYLES = {
  solid: 'stroke-width="2.5"',
  faint: 'stroke-width="1.25" stroke-opacity="0.75"',
  'faint-dotted': 'stroke-width="1.5" stroke-opacity="0.85" stroke-dasharray="1.5 4"',
  dashed: 'stroke-width="1.5" stroke-dasharray="5 4"',
} as const;

/** The lowest and highest value of y shown. */
function rangeOf(lines: readonly Line[], scale: Chart['scale']): readonly [low: number, high: number] {
  const bounds = lines.flatMap(({ points, interval }) => [
    ...points.map(({ y }) => y),
    ...(interval ? [interval.low, interval.high] : []),
  ]);
  if (scale === 'amounts') return [0, Math.max(0, ...bounds) * 1.05 || 1];
  const low = Math.max(0, Math.floor(Math.min(0.95, ...bounds) * 10 - 0.2) / 10);
  // From a tick on.
  const [first = 0, second = 1] = ticks(low, 1, TICKS);
  return [first > low + 1e-9 ? Math.max(0, first - (second - first)) : low, 1];
}

/** Decimals that all of some numbers need, so that they stand alike. */
const decimalsOf = (values: readonly number[]): number =>
  Math.max(0, ...values.map((value) => String(value).split('.')[1]?.length ?? 0));

/** The chart as a whole SVG document; lines without points are left out. */
export function lineChart({
  title,
  subtitle,
  xTitle,
  lines,
  footnote = '',
  scale = 'shares',
}: Chart): string {
  const drawn = lines.filter(({ points }) => points.length > 0);
  const xs = drawn.flatMap(({ points }) => points.map(({ x }) => x));
  const [xLow, xHigh] = [Math.min(0, ...xs), Math.max(1, ...xs)];
  const [yLow, yHigh] = rangeOf(drawn, scale);
  // Four digits of the largest value; the others have as many decimals.
  const magnitude = Math.max(0, Math.floor(Math.log10(yHigh)));
  const said = (value: number) =>
    scale === 'shares' ? value.toFixed(3) : value.toFixed(Math.max(0, 3 - magnitude));
  const x = (value: number) => PLOT.left + ((value - xLow) / (xHigh - xLow)) * (PLOT.right - PLOT.left);
  const y = (value: number) => PLOT.bottom - ((value - yLow) / (yHigh - yLow)) * (PLOT.bottom - PLOT.top);
  const parts: string[] = [DARK_STYLE];
  const steps = ticks(yLow, yHigh, TICKS);
  const decimals = Math.max(scale === 'shares' ? 1 : 0, decimalsOf(steps));
  for (const tick of steps) {
    const height = at(y(tick));
    parts.push(
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${height}" y2="${height}" stroke="#e4e8ec"/>`,
      `<text x="${PLOT.left - 10}" y="${at(y(tick) + 4)}" text-anchor="end">${tick.toFixed(decimals)}</text>`,
    );
  }
  for (const tick of ticks(xLow, xHigh, 10).filter(Number.isInteger)) {
    const place = at(x(tick));
    parts.push(
      `<line x1="${place}" x2="${place}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 5}" stroke="#aab4be"/>`,
      `<text x="${place}" y="${PLOT.bottom + 20}" text-anchor="middle">${tick}</text>`,
    );
  }
  parts.push(
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}" stroke="#aab4be"/>`,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 40}" text-anchor="middle">${escaped(xTitle)}</text>`,
  );
  const ends = drawn.map(({ points }) => points.at(-1)!);
  const labels = spreadLabels(ends.map((end) => y(end.y) + 4));
  // Faint lines first, so that the main ones lie on top.
  const order = drawn.map((_, i) => i).sort((a, b) => rank(drawn[a]!) - rank(drawn[b]!));
  let bars = 0;
  for (const i of order) {
    const { points, color, style = 'solid', interval } = drawn[i]!;
    const end = ends[i]!;
    const path = points.map((point) => `${at(x(point.x))},${at(y(point.y))}`).join(' ');
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-linejoin="round" stroke-linecap="round" ` +
        `${STYLES[style]}/>`,
    );
    if (interval !== undefined) {
      const [place, low, high] = [
        at(x(end.x) - BAR_STEP * bars++),
        at(y(interval.low)),
        at(y(interval.high)),
      ];
      parts.push(
        `<line x1="${place}" x2="${place}" y1="${low}" y2="${high}" stroke="${color}" stroke-opacity="0.35" ` +
          'stroke-width="6" stroke-linecap="round"/>',
      );
    }
    if (style === 'solid')
      parts.push(`<circle cx="${at(x(end.x))}" cy="${at(y(end.y))}" r="3.5" fill="${color}"/>`);
    const [from, to] = [y(end.y), labels[i]! - 4];
    parts.push(
      `<path d="M${at(x(end.x) + 6)} ${at(from)}L${at(PLOT.right + 14)} ${at(to)}" fill="none" stroke="${color}" ` +
        `stroke-opacity="${style === 'faint-dotted' ? '0.85" stroke-dasharray="1.5 3' : '0.35'}"/>`,
      `<text x="${LABEL.left}" y="${at(labels[i]!)}" fill="${letterColour(color)}"` +
        `${style === 'solid' ? ' font-weight="600"' : ''}>${escaped(labelOf(drawn[i]!, said(end.y)))}</text>`,
    );
  }
  const frame = { title, subtitle, footnote, left: PLOT.left, width: WIDTH, height: HEIGHT };
  return framed({ ...frame, ink: INK, quiet: QUIET }, parts);
}

/** A line's name, as much of it as has room before its last value. */
function labelOf({ label, style = 'solid' }: Line, value: string): string {
  const look = { size: LABEL.size, isBold: style === 'solid' };
  return `${fitted(label, { ...look, width: LABEL.width - textWidth(` ${value}`, look) })} ${value}`;
}

const rank = ({ style = 'solid' }: Line): number =>
  ({ dashed: 0, faint: 1, 'faint-dotted': 1, solid: 2 })[style];
