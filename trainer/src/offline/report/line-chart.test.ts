import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncodedTarget } from '@consilium/domain';
import { NOTHING_MEASURED, type Score } from '../simulation/label-scores.ts';
import { learningCurve } from './learning-curve.ts';
import { lineChart } from './line-chart.ts';

/** Numbers of all matches of a pattern's group. */
const numbers = (svg: string, pattern: RegExp): number[] =>
  [...svg.matchAll(pattern)].map(([, value]) => Number(value));

test('labels of lines that end together stand apart, inside the picture', () => {
  const svg = lineChart({
    title: 'a',
    subtitle: 'b',
    xTitle: 'round',
    lines: Array.from({ length: 12 }, (_, i) => ({
      label: `line ${i}`,
      color: '#000000',
      points: [
        { x: 0, y: 0.5 },
        { x: 3, y: 0.9 + i / 1e4 },
      ],
    })),
  });
  const heights = numbers(svg, /<text x="618" y="([\d.]+)"/g).sort((a, b) => a - b);
  assert.equal(heights.length, 12);
  for (let i = 1; i < heights.length; i++) assert.ok(heights[i]! - heights[i - 1]! >= 14.9);
  assert.ok(heights[0]! > 60 && heights.at(-1)! < 390);
});

test('what people wrote is text in the picture and never markup', () => {
  const svg = lineChart({
    title: '<script>"&',
    subtitle: 'b',
    xTitle: 'x',
    lines: [{ label: '<b>', color: '#000000', points: [{ x: 0, y: 1 }] }],
  });
  assert.doesNotMatch(svg, /<script|<b>|"&"/);
  assert.match(svg, /&#60;script&#62;&#34;&#38;/);
});

test('a curve without any scored patients is still a picture', () => {
  const svg = learningCurve([{ round: 1, pooled: null, sites: [null] }], {
    title: 'a',
    siteNames: ['one'],
    target: { kind: 'binary' },
    privacy: 'p',
    scores: 's',
  });
  assert.match(svg, /^<svg[\s\S]*<\/svg>\n$/);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test('hospitals have lines of their own only where there are several', () => {
  const accuracy = { value: 0.8, low: 0.7, high: 0.9 };
  const score = { ...NOTHING_MEASURED, accuracy, baseline: 0.5, count: 10 };
  const curve = [0, 1].map((round) => ({ round, pooled: score, sites: [score, score] }));
  const about = { title: 'a', target: { kind: 'binary' }, privacy: 'p', scores: 's' } as const;
  const drawn = (siteNames: string[]) => learningCurve(curve, { ...about, siteNames });
  const lines = (svg: string) => svg.match(/<polyline/g)?.length;
  assert.equal(lines(drawn(['one'])), 2);
  assert.doesNotMatch(drawn(['one']), /Thin/);
  assert.equal(lines(drawn(['one', 'two'])), 4);
  assert.match(drawn(['one', 'two']), /Thin: accuracy by hospital\./);
});

test('errors are drawn from 0 on, in their unit, without the share that they explain', () => {
  const at = (value: number) => ({ value, low: value - 1, high: value + 1 });
  const score = { ...NOTHING_MEASURED, rmse: at(12.5), mae: at(9), r2: at(0.4), baseline: 20, count: 10 };
  const svg = learningCurve(
    [0, 1].map((round) => ({ round, pooled: score, sites: [score] })),
    {
      ...{ title: 'a', privacy: 'p', scores: 's', siteNames: ['one'] },
      target: { kind: 'numeric', unit: 'mmHg', low: 90, high: 140 },
    },
  );
  assert.match(svg, /errors in mmHg[\s\S]*>20<[\s\S]*RMSE 12\.50<[\s\S]*MAE 9\.00</);
  assert.doesNotMatch(svg, /R²/);
  assert.equal(svg.match(/<polyline/g)?.length, 3);
});

test('what is written beside the lines has room in the picture', () => {
  const at = (value: number) => ({ value, low: value, high: value });
  const score = {
    ...NOTHING_MEASURED,
    ...{ accuracy: at(0.8), auc: at(0.9), rmse: at(12.34), mae: at(9.876) },
  };
  const all: Score = { ...score, deviance: at(1.234), baseline: 1.592, count: 10 };
  const targets: readonly EncodedTarget[] = [
    { kind: 'binary' },
    { kind: 'categorical', categories: ['a', 'b', 'c'] },
    { kind: 'count' },
    { kind: 'numeric', unit: 'mmHg', low: 90, high: 140 },
  ];
  for (const target of targets) {
    const svg = learningCurve([{ round: 0, pooled: all, sites: [all, all] }], {
      ...{ title: 'a', privacy: 'p', scores: 's', siteNames: ['a-long-name-of-a-hospital', 'b'] },
      target,
    });
    const labels = [...svg.matchAll(/<text x="618"[^>]*>([^<]*)</g)].map(([, label]) => label!);
    assert.ok(labels.length >= 4, target.kind);
    assert.deepEqual(
      labels.filter((label) => label.length > 20),
      [],
    );
  }
});
