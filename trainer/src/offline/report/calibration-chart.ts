// The calibration curve of a yes/no model: what share of the rows had the label, where the model said how
// probable it is.
import type { Calibration } from '../metrics/calibration.ts';
import type { Estimate } from '../metrics/intervals.ts';
import type { Assessment } from '../scoring/assess-rows.ts';
import { escaped, fitted, framed } from './chart-text.ts';
import { DARK_STYLE } from './dark-colours.ts';
import { fixed, withInterval } from './score-text.ts';

const [WIDTH, HEIGHT] = [760, 500];
const PLOT = { left: 64, top: 76, size: 340 } as const;
const LEGEND = { left: 448, top: 92, step: 19, names: 104 } as const;
const [INK, QUIET, GRID, AXIS, BASELINE] = ['#1f2933', '#6b7785', '#e4e8ec', '#aab4be', '#8a949e'];
const MAIN = '#0072b2';
/** Okabe and Ito's colours without the main one, as the learning curve has them. */
const SITES = ['#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#5e4fa2', '#7a5c3e'];
/** Hospitals seven to twelve have the colours of the first six, and dots between. */
const DASHES = ['', '2 3'];
const SITES_SHOWN = 12;

const at = (value: number): string => value.toFixed(1).replace(/[.]0$/, '');
const x = (share: number): number => PLOT.left + share * PLOT.size;
const y = (share: number): number => PLOT.top + (1 - share) * PLOT.size;

function curveParts(
  { curve }: Calibration,
  { color, isMain, dash }: { readonly color: string; readonly isMain: boolean; readonly dash: string },
): string[] {
  const path = curve
    .map(({ predicted, observed }) => `${at(x(predicted))},${at(y(observed.value))}`)
    .join(' ');
  const style = isMain ? 'stroke-width="2.5"' : 'stroke-width="1.5" stroke-opacity="0.8"';
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  const parts = [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-linejoin="round" ${style}${dashes}/>`,
  ];
  for (const { predicted, observed } of curve) {
    const place = at(x(predicted));
    if (isMain) {
      parts.push(
        `<line x1="${place}" x2="${place}" y1="${at(y(observed.low))}" y2="${at(y(observed.high))}" ` +
          `stroke="${color}" stroke-opacity="0.35" stroke-width="5" stroke-linecap="round"/>`,
      );
    }
    parts.push(
      `<circle cx="${place}" cy="${at(y(observed.value))}" r="${isMain ? 3.5 : 2}" fill="${color}"/>`,
    );
  }
  return parts;
}

function legendParts(
  lines: readonly {
    readonly name: string;
    readonly color: string;
    readonly dash: string;
    readonly said: string;
    readonly isMain: boolean;
  }[],
): string[] {
  return lines.flatMap(({ name, color, dash, said, isMain }, place) => {
    const height = LEGEND.top + place * LEGEND.step;
    const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    return [
      `<line x1="${LEGEND.left}" x2="${LEGEND.left + 22}" y1="${height - 4}" y2="${height - 4}" stroke="${color}" ` +
        `stroke-width="${isMain ? 2.5 : 1.5}"${dashes}/>`,
      `<text x="${LEGEND.left + 30}" y="${height}" fill="${INK}"${isMain ? ' font-weight="600"' : ''}>` +
        `${escaped(fitted(name, { width: LEGEND.names, size: 12, isBold: isMain }))}</text>`,
      `<text x="${LEGEND.left + 138}" y="${height}" fill="${QUIET}">${escaped(said)}</text>`,
    ];
  });
}

/** An estimate with its interval, or that it is unknown. */
const labelled = (name: string, estimate: Estimate | null, decimals = 2): string =>
  estimate === null
    ? `${name} not at hand`
    : `${name} ${withInterval(estimate, (value) => fixed(value, decimals))}`;

/**
 * An SVG document: the curve over all rows with intervals, the diagonal that a model would lie on which means what it
 * says, and each site's curve where there are several; or undefined where there is no calibration to show.
 */
export function calibrationChart(
  { pooled, sites }: Assessment,
  about: { readonly title: string; readonly rows: string; readonly scores: string },
): string | undefined {
  const { calibration } = pooled;
  if (calibration === null) return undefined;
  const bySite = Object.entries(sites);
  const shown = (bySite.length > 1 ? bySite : []).slice(0, SITES_SHOWN);
  const lines = [
    {
      name: bySite.length > 1 ? 'all hospitals' : 'model',
      calibration: calibration as Calibration | null,
      color: MAIN,
      dash: '',
      isMain: true,
    },
    ...shown.map(([name, own], place) => ({
      name,
      calibration: own.calibration,
      color: SITES[place % SITES.length]!,
      dash: DASHES[Math.floor(place / SITES.length)]!,
      isMain: false,
    })),
  ];
  const parts = [DARK_STYLE];
  for (let tick = 0; tick <= 5; tick++) {
    const [share, text] = [tick / 5, (tick / 5).toFixed(1)];
    parts.push(
      `<line x1="${x(0)}" x2="${x(1)}" y1="${at(y(share))}" y2="${at(y(share))}" stroke="${GRID}"/>`,
      `<line x1="${at(x(share))}" x2="${at(x(share))}" y1="${y(0)}" y2="${y(1)}" stroke="${GRID}"/>`,
      `<text x="${x(0) - 9}" y="${at(y(share) + 4)}" text-anchor="end" fill="${QUIET}">${text}</text>`,
      `<text x="${at(x(share))}" y="${y(0) + 19}" text-anchor="middle" fill="${QUIET}">${text}</text>`,
    );
  }
  const middle = PLOT.top + PLOT.size / 2;
  parts.push(
    `<line x1="${x(0)}" x2="${x(1)}" y1="${y(0)}" y2="${y(0)}" stroke="${AXIS}"/>`,
    `<line x1="${x(0)}" x2="${x(1)}" y1="${y(0)}" y2="${y(1)}" stroke="${BASELINE}" stroke-width="1.5" ` +
      'stroke-dasharray="5 4"/>',
    `<text x="${x(0.5)}" y="${y(0) + 40}" text-anchor="middle" fill="${QUIET}">predicted probability</text>`,
    `<text x="22" y="${middle}" text-anchor="middle" transform="rotate(-90 22 ${middle})" fill="${QUIET}">` +
      'share observed</text>',
  );
  for (const { calibration: own, ...style } of lines.toReversed()) {
    if (own !== null) parts.push(...curveParts(own, style));
  }
  parts.push(
    ...legendParts([
      ...lines.map(({ calibration: own, ...line }) => ({
        ...line,
        said: own === null ? 'too few rows' : labelled('slope', own.slope),
      })),
      { name: 'as it should be', color: BASELINE, dash: '5 4', said: 'slope 1', isMain: false },
    ]),
  );
  const { brier, brierBaseline, intercept } = calibration;
  const below = LEGEND.top + (lines.length + 2) * LEGEND.step;
  const facts = [
    labelled('intercept', intercept),
    `${labelled('Brier score', brier, 3)},`,
    `of a constant ${fixed(brierBaseline, 3)}`,
  ];
  facts.forEach((fact, line) => {
    parts.push(`<text x="${LEGEND.left}" y="${below + line * 17}" fill="${QUIET}">${escaped(fact)}</text>`);
  });
  const left = bySite.length - SITES_SHOWN;
  const footnote =
    `${about.scores} Dots: groups of at least 10 rows; bars: 95 % intervals.` +
    (bySite.length > 1 && left > 0 ? ` ${left} more hospitals are on the card.` : '');
  const frame = { title: about.title, subtitle: `Calibration · ${about.rows}`, footnote, left: PLOT.left };
  return framed({ ...frame, width: WIDTH, height: HEIGHT, ink: INK, quiet: QUIET }, parts);
}
