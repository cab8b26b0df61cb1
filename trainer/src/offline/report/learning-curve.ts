// The learning curve of a study: how the held-out scores went, round by round.
import type { EncodedTarget } from '@consilium/domain';
import type { RoundScores } from '../simulation/held-out-scores.ts';
import { firstMetric, type Score } from '../simulation/label-scores.ts';
import { type Line, lineChart } from './line-chart.ts';
import { metricTexts } from './score-text.ts';

/** Okabe and Ito's colours, which people with colour blindness can tell apart. */
const MAIN = ['#0072b2', '#d55e00'];
const BASELINE = '#8a949e';
const SITES = ['#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#5e4fa2', '#7a5c3e'];
/** Labels of more lines would cover the plot. */
const SITES_SHOWN = 10;

/** The text beside a line's end, where there is room for about 20 characters with the value. */
const endLabel = (title: string): string => (title.length > 12 ? title.split(' ').at(-1)! : title);

/**
 * An SVG document: the label's metrics over all hospitals with the last round's intervals, the baseline, and each
 * hospital's first metric where there are several. R² has another scale than errors and is left out.
 */
export function learningCurve(
  curve: readonly RoundScores[],
  about: {
    readonly title: string;
    readonly target: EncodedTarget;
    readonly siteNames: readonly string[];
    readonly privacy: string;
    readonly scores: string;
  },
): string {
  const { target, siteNames } = about;
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
  const texts = metricTexts(target).filter(({ metric }) => metric !== 'r2');
  const lines: Line[] = texts.map(({ metric, title }, place) => {
    const interval = last?.[metric];
    return {
      label: endLabel(title),
      color: MAIN[place]!,
      points: line(pooled, (score) => score[metric]?.value),
      ...(interval && { interval }),
    };
  });
  lines.push({
    label: 'baseline',
    color: BASELINE,
    style: 'dashed',
    points: line(pooled, ({ baseline }) => baseline),
  });
  const first = firstMetric(target);
  const isByHospital = siteNames.length > 1;
  if (isByHospital) {
    siteNames.slice(0, SITES_SHOWN).forEach((name, site) => {
      lines.push({
        label: name,
        color: SITES[site % SITES.length]!,
        // So that two hospitals of one colour can be distinguished.
        style: site < SITES.length ? 'faint' : 'faint-dotted',
        points: line(
          ({ sites }) => sites[site],
          (score) => score[first]?.value,
        ),
      });
    });
  }
  const isInUnit = target.kind === 'numeric' && target.unit !== '';
  const measure = isInUnit
    ? ` · errors in ${target.unit}`
    : target.kind === 'count'
      ? ' · Poisson deviance'
      : '';
  const dotted = siteNames.length > SITES.length ? ', dotted from the seventh on' : '';
  return lineChart({
    title: about.title,
    subtitle: `Held-out patients, by round${measure} · ${about.privacy}`,
    xTitle: 'round',
    lines,
    scale: first === 'accuracy' ? 'shares' : 'amounts',
    footnote:
      `${about.scores} Bars: 95 % intervals of the last round.` +
      (isByHospital ? ` Thin: ${texts[0]!.title} by hospital${dotted}.` : ''),
  });
}
