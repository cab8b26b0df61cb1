import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calibrationOf } from '../metrics/calibration.ts';
import type { Assessed, Assessment } from '../scoring/assess-rows.ts';
import { calibrationChart } from './calibration-chart.ts';
import { learningCurve } from './learning-curve.ts';
import { fixed } from './score-text.ts';

function assessed(rows: number, shift = 0): Assessed {
  const logits = Array.from({ length: rows }, (_, row) => (6 * row) / rows - 3 + shift);
  const labels = logits.map((logit, row) => (logit + (row % 5) - 2 > 0 ? 1 : 0));
  return { count: rows, score: null, calibration: calibrationOf(logits, labels, [0.5]) };
}
const assessment = (hospitals: number, rows = 60): Assessment => ({
  thresholds: [0.5],
  pooled: assessed(rows * hospitals),
  sites: Object.fromEntries(
    Array.from({ length: hospitals }, (_, site) => [`hospital${site + 1}`, assessed(rows, site / 10)]),
  ),
  by: {},
});
const about = { title: 'Who is <ill>?', rows: 'held-out patients', scores: 'Exact.' };
const countOf = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].length;

describe('calibration chart', () => {
  it('shows one hospital as one curve, with intervals, its slope and the diagonal', () => {
    const svg = calibrationChart(assessment(1), about)!;
    assert.match(svg, /^<svg [\s\S]*<\/svg>\n$/);
    assert.match(svg, /Who is &#60;ill&#62;\?/);
    assert.equal(countOf(svg, /<polyline /g), 1);
    assert.equal(countOf(svg, /stroke-width="5"/g), 6, 'a bar for each group of ten rows');
    assert.match(svg, />slope \d\.\d\d \(/);
    assert.match(svg, />as it should be</);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  });

  it('shows eight hospitals so that no two look alike', () => {
    const svg = calibrationChart(assessment(8), about)!;
    const looks = [...svg.matchAll(/<polyline [^>]*stroke="(#\w+)"[^>]*?(stroke-dasharray="[^"]*")?\/>/g)];
    assert.equal(looks.length, 9);
    assert.equal(new Set(looks.map(([, color, dash]) => `${color} ${dash}`)).size, 9);
    for (let site = 1; site <= 8; site++) assert.match(svg, new RegExp(`>hospital${site}<`));
  });

  it('says which hospitals have too few rows, and is none where all together have', () => {
    const few = assessment(2, 60);
    const svg = calibrationChart({ ...few, sites: { ...few.sites, small: assessed(9) } }, about)!;
    assert.match(svg, />small<\/text>\n<text [^>]*>too few rows</);
    assert.equal(calibrationChart(assessment(1, 9), about), undefined);
  });

  it('stays within its frame', () => {
    const svg = calibrationChart(assessment(40), about)!;
    assert.match(svg, /28 more hospitals are on the card/);
    const [, height] = /viewBox="0 0 \d+ (\d+)"/.exec(svg)!;
    for (const [, place] of svg.matchAll(/ y="([\d.]+)"/g)) assert.ok(Number(place) < Number(height));
  });
});

describe('charts on dark pages', () => {
  const score = {
    accuracy: { value: 0.8, low: 0.7, high: 0.9 },
    auc: null,
    rmse: null,
    mae: null,
    r2: null,
    deviance: null,
    baseline: 0.6,
    count: 20,
  };
  const siteNames = Array.from({ length: 8 }, (_, site) => `hospital${site + 1}`);
  const curve = learningCurve(
    [0, 1].map((round) => ({ round, pooled: score, sites: siteNames.map(() => score) })),
    { title: 'Ill', target: { kind: 'binary' }, siteNames, privacy: '', scores: '' },
  );

  it('follow the reader’s setting: every colour has another one on dark paper', () => {
    for (const svg of [calibrationChart(assessment(8), about)!, curve]) {
      const [style] = /<style>@media \(prefers-color-scheme: dark\).*<\/style>/.exec(svg)!;
      const colours = [...svg.replace(style, '').matchAll(/(?:fill|stroke)="(#\w{6})"/g)];
      assert.ok(colours.length > 10);
      for (const [, colour] of colours) assert.ok(style.includes(`"${colour}"`), colour);
    }
  });

  it('draw hospitals of one colour with different lines', () => {
    const looks = [...curve.matchAll(/<polyline [^>]*stroke="(#\w+)"[^>]*?(stroke-dasharray="[^"]*")?\/>/g)];
    const own = looks.map(([, color, dash]) => `${color} ${dash}`);
    assert.equal(own.length, 10);
    assert.equal(new Set(own).size, 10);
  });
});

describe('numbers of charts and cards', () => {
  it('have no sign where they round to nothing', () => {
    assert.deepEqual(
      [-0.004, 0.004, -0.006, -10].map((value) => fixed(value, 2)),
      ['0.00', '0.00', '-0.01', '-10.00'],
    );
  });
});
