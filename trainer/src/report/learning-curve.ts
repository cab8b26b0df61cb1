// The learning curve of a study: how the held-out scores went, round by round.
import type { RoundScores, Score } from '../simulation/held-out-scores.ts';
import { type Line, lineChart } from './line-chart.ts';

/** Okabe and Ito's colours, which people with colour blindness can tell apart. */
const ACCURACY = '#0072b2';
const AREA = '#d55e00';
const BASELINE = '#8a949e';
const SITES = ['#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#5e4fa2', '#7a5c3e'];
/** Labels of more lines would cover the plot. */
const SITES_SHOWN = 10;

const shortened = (name: string): string => (name.length > 14 ? `${name.slice(0, 13)}…` : name);

/**
 * An SVG document: accuracy and area under the curve over all hospitals with the last round's interval, the baseline,
 * and each hospital's accuracy where there are several.
 */
export function learningCurve(
  curve: readonly RoundScores[],
  about: {
    readonly title: string;
    readonly siteNames: readonly string[];
    readonly privacy: string;
    readonly scores: string;
  },
): string {
  const line = (
    pick: (scores: RoundScores) => Score | null | undefined,
    value: (score: Score) => number | undefined,
  ): Line['points'] =>
    curve.flatMap((scores) => {
      const score = pick(scores);
      const y = score ? value(score) : undefined;
      return y === undefined ? [] : [{ x: scores.round, y }];
    });
  const pooled = ({ pooled: score }: RoundScores) => score;
  const last = curve.at(-1)?.pooled;
  const lines: Line[] = [
    {
      label: 'accuracy',
      color: ACCURACY,
      points: line(pooled, ({ accuracy }) => accuracy.value),
      ...(last && { interval: last.accuracy }),
    },
    {
      label: 'AUC',
      color: AREA,
      points: line(pooled, ({ auc }) => auc?.value),
      ...(last?.auc && { interval: last.auc }),
    },
    { label: 'baseline', color: BASELINE, style: 'dashed', points: line(pooled, ({ baseline }) => baseline) },
  ];
  if (about.siteNames.length > 1) {
    about.siteNames.slice(0, SITES_SHOWN).forEach((name, site) => {
      lines.push({
        label: shortened(name),
        color: SITES[site % SITES.length]!,
        style: 'faint',
        points: line(
          ({ sites }) => sites[site],
          ({ accuracy }) => accuracy.value,
        ),
      });
    });
  }
  return lineChart({
    title: about.title,
    subtitle: `Held-out patients, by round · ${about.privacy}`,
    xTitle: 'round',
    lines,
    footnote: `${about.scores} Bars: 95 % confidence intervals of the last round.`,
  });
}
