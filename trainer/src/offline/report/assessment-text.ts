// Calibration, thresholds and parts of the rows for people: as sections of the model card, and as lines on a terminal.
import type { EncodedTarget } from '@consilium/domain';
import type { Calibration } from '../metrics/calibration.ts';
import type { Estimate } from '../metrics/intervals.ts';
import type { Assessed, Assessment } from '../scoring/assess-rows.ts';
import { fixed, metricTexts, scoreLine, withInterval } from './score-text.ts';

const three = (value: number): string => fixed(value, 3);
const two = (value: number): string => fixed(value, 2);
const shown = (estimate: Estimate | null, show: (value: number) => string): string =>
  estimate === null ? 'not at hand' : withInterval(estimate, show);
const cell = (text: string): string => text.replaceAll('|', '\\|');

const CALIBRATION_HEAD = [
  '| | slope | intercept | Brier score | of a constant | mean predicted | observed |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];

function calibrationRow(name: string, own: Calibration | null): string {
  if (own === null) return `| ${cell(name)} | too few rows | | | | | |`;
  const { slope, intercept, brier, brierBaseline, predicted, observed } = own;
  const cells = [
    shown(slope, two),
    shown(intercept, two),
    shown(brier, three),
    three(brierBaseline),
    three(predicted),
    shown(observed, three),
  ];
  return `| ${[cell(name), ...cells].join(' | ')} |`;
}

function thresholdRows(name: string, own: Calibration | null): string[] {
  if (own === null) return [];
  return own.thresholds.map(
    ({ threshold, sensitivity, specificity }) =>
      `| ${cell(name)} | ${threshold} | ${shown(sensitivity, three)} | ${shown(specificity, three)} |`,
  );
}

/** All rows, then each site where there are several. */
function partsOf({ pooled, sites }: Assessment): [string, Assessed][] {
  const own = Object.entries(sites);
  return own.length > 1 ? [['**pooled**', pooled], ...own] : [[own[0]?.[0] ?? 'all rows', pooled]];
}

function calibrationSection(assessment: Assessment): string[] {
  const parts = partsOf(assessment);
  return [
    '## Calibration',
    'Whether probabilities mean what they say. A slope below 1: they are too far from the middle. An intercept below 0:',
    'they are too high. The constant is the share of the same rows. With 95 % confidence intervals (slope and intercept:',
    'Wald; Brier: Student’s; shares: Wilson).',
    '',
    ...CALIBRATION_HEAD,
    ...parts.map(([name, { calibration }]) => calibrationRow(name, calibration)),
    '',
    ...(assessment.pooled.calibration === null ? [] : ['![Calibration](calibration.svg)', '']),
    'What acting from a probability on would come to:',
    '',
    '| | threshold | sensitivity | specificity |',
    '| --- | --- | --- | --- |',
    ...parts.flatMap(([name, { calibration }]) => thresholdRows(name, calibration)),
    '',
  ];
}

function bySection(assessment: Assessment, target: EncodedTarget): string[] {
  const texts = metricTexts(target);
  return Object.entries(assessment.by).flatMap(([feature, categories]) => {
    const own = Object.entries(categories);
    const scores = own.map(([name, { count, score }]) => {
      const cells = texts.map(({ metric, show }) => {
        if (score === null) return 'too few rows';
        return shown(score[metric], show);
      });
      return `| ${[cell(name), ...cells, count].join(' | ')} |`;
    });
    return [
      `## By ${feature}`,
      `| ${[feature, ...texts.map(({ title }) => title), 'rows'].join(' | ')} |`,
      `| --- |${' --- |'.repeat(texts.length + 1)}`,
      ...scores,
      '',
      ...(target.kind === 'binary'
        ? [
            ...CALIBRATION_HEAD,
            ...own.map(([name, { calibration }]) => calibrationRow(name, calibration)),
            '',
            `| ${feature} | threshold | sensitivity | specificity |`,
            '| --- | --- | --- | --- |',
            ...own.flatMap(([name, { calibration }]) => thresholdRows(name, calibration)),
            '',
          ]
        : []),
    ];
  });
}

/** Sections of Markdown; none where there is nothing to say. */
export const assessmentSections = (assessment: Assessment, target: EncodedTarget): string[] => [
  ...(target.kind === 'binary' ? calibrationSection(assessment) : []),
  ...bySection(assessment, target),
];

function calibrationLines(name: string, own: Calibration | null, indent: string): string[] {
  if (own === null) return [`${indent}${name.padEnd(16)} too few rows for calibration`];
  const { slope, intercept, brier, brierBaseline } = own;
  return [
    `${indent}${name.padEnd(16)} slope ${shown(slope, two)}, intercept ${shown(intercept, two)}, ` +
      `Brier ${shown(brier, three)}, of a constant ${three(brierBaseline)}`,
  ];
}

/** Lines for a terminal: calibration, thresholds, and parts by category. */
export function assessmentLines(assessment: Assessment, target: EncodedTarget): string[] {
  const own = Object.entries(assessment.sites);
  const parts: [string, Assessed][] =
    own.length > 1
      ? [['pooled', assessment.pooled], ...own]
      : [[own[0]?.[0] ?? 'all rows', assessment.pooled]];
  const lines: string[] = [];
  if (target.kind === 'binary') {
    lines.push('calibration (best: slope 1, intercept 0):');
    for (const [name, { calibration }] of parts) lines.push(...calibrationLines(name, calibration, '  '));
    const { calibration } = assessment.pooled;
    if (calibration !== null) lines.push('acting from a probability on:');
    for (const { threshold, sensitivity, specificity } of calibration?.thresholds ?? []) {
      lines.push(
        `  ${String(threshold).padEnd(16)} sensitivity ${shown(sensitivity, three)}, ` +
          `specificity ${shown(specificity, three)}`,
      );
    }
  }
  for (const [feature, categories] of Object.entries(assessment.by)) {
    lines.push(`by ${feature}:`);
    for (const [name, { count, score, calibration }] of Object.entries(categories)) {
      const said = score === null ? 'too few rows' : scoreLine(score, target, { intervals: true });
      lines.push(`  ${name.padEnd(16)} ${said}, ${count} ${count === 1 ? 'row' : 'rows'}`);
      if (score !== null && target.kind === 'binary') lines.push(...calibrationLines('', calibration, '  '));
    }
  }
  return lines;
}
