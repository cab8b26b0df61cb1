// What a run says on standard output: a few lines for people, then one line of JSON for programs.

import type { Terminal } from '@consilium/command-line';
import type { EncodedTarget } from '@consilium/domain';
import { assessmentLines } from '../report/assessment-text.ts';
import { timeText } from '../report/model-card.ts';
import { metricTexts, scoreLine } from '../report/score-text.ts';
import type { Score } from '../simulation/label-scores.ts';
import type { StudyRun } from './run-study.ts';

const shortScore = (name: string, score: Score | null | undefined, target: EncodedTarget): string => {
  if (!score) return `  ${name.padEnd(16)} no held-out patients`;
  const [first] = metricTexts(target);
  const baseline = first!.show(score.baseline);
  return `  ${name.padEnd(16)} ${scoreLine(score, target, { intervals: true })}, baseline ${baseline}`;
};

export function printRun(
  { card, folder }: StudyRun,
  {
    json,
    summary,
    terminal,
  }: {
    readonly json: boolean;
    readonly summary: object;
    readonly terminal: Terminal;
  },
): void {
  if (!json) {
    const { privacy, metrics } = card;
    const { target } = card.data;
    const cost = privacy?.training.epsilonPld;
    const sites = Object.entries(metrics.sites);
    const models = [...card.model.files, ...(card.model.rawFiles ?? [])].map(({ file }) => file);
    const { assessment } = metrics;
    const reports = ['model-card.md', 'model-card.json', 'learning-curve.svg'];
    if (assessment?.pooled.calibration) reports.push('calibration.svg');
    const lines = [
      privacy === null
        ? 'NOT PRIVATE: trained without noise'
        : `ε = ${cost?.toFixed(3)} at δ = ${privacy.delta} for each ${privacy.unit} ` +
          `(noise multiplier ${privacy.noiseMultiplier})`,
      `held-out patients, ${metrics.scores === 'exact' ? 'exact scores (not private)' : 'noised scores'}:`,
      ...(sites.length > 1 ? [shortScore('pooled', metrics.pooled, target)] : []),
      ...sites.map(([name, score]) => shortScore(name, score, target)),
      ...(assessment === undefined ? [] : assessmentLines(assessment, target)),
      `${timeText(card.timing)} (reading the files and writing the folder are not counted)`,
      `written to ${folder}: ${[...models, ...reports].join(', ')}`,
    ];
    terminal.out(`${lines.join('\n')}\n`);
  }
  terminal.out(`${JSON.stringify(summary)}\n`);
}
