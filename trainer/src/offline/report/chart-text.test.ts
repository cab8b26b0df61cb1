// What is written in charts can be read: inside the frame, apart, and of enough contrast, on light and dark paper.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EncodedTarget } from '@consilium/domain';
import { calibrationOf } from '../metrics/calibration.ts';
import type { Assessed } from '../scoring/assess-rows.ts';
import { NOTHING_MEASURED } from '../simulation/label-scores.ts';
import { calibrationChart } from './calibration-chart.ts';
import { fitted, textWidth, wrapped } from './chart-text.ts';
import { DARK_STYLE, PAPER } from './dark-colours.ts';
import { learningCurve } from './learning-curve.ts';

const TITLES = [
  'Ill',
  'Grade of coronary artery disease, in hospitals of three countries, from their routine records of 1988 and later',
];
const NAMES = [
  'Basel',
  'VA-Long-Beach',
  'WWWWWWWWWWWWWWWWWWW',
  'Universitätsklinikum Hamburg-Eppendorf',
  '大学病院附属研究所',
];
const TARGETS: readonly EncodedTarget[] = [
  { kind: 'binary' },
  { kind: 'categorical', categories: ['a', 'b', 'c'] },
  { kind: 'count' },
  { kind: 'numeric', unit: 'thousand copies of RNA in a millilitre', low: 90, high: 140 },
];
const at = (value: number) => ({ value, low: value * 0.9, high: value * 1.1 });
const all = {
  ...NOTHING_MEASURED,
  ...{
    accuracy: at(0.8),
    auc: at(0.9),
    rmse: at(1234.5),
    mae: at(987.6),
    deviance: at(0.6223),
    baseline: 0.5,
    count: 10,
  },
};
const SCORES = 'Noised scores, charged to the held-out patients.';

function charts(hospitals: number): string[] {
  const siteNames = Array.from({ length: hospitals }, (_, site) => NAMES[site % NAMES.length]!);
  const curve = [0, 1].map((round) => ({ round, pooled: all, sites: siteNames.map(() => all) }));
  const about = { siteNames, scores: SCORES, privacy: 'ε = 3.00, δ = 0.00001 for each patient' };
  const curves = TITLES.flatMap((title) =>
    TARGETS.map((target) => learningCurve(curve, { ...about, title, target })),
  );
  const logits = Array.from({ length: 60 }, (_, row) => row / 10 - 3);
  const labels = logits.map((logit, row) => (logit + (row % 5) - 2 > 0 ? 1 : 0));
  const own: Assessed = { count: 60, score: null, calibration: calibrationOf(logits, labels, []) };
  // Keys of one object differ.
  const sites = Object.fromEntries(siteNames.map((name, site) => [`${name}${' '.repeat(site)}`, own]));
  const assessment = { thresholds: [], pooled: own, sites, by: {} };
  const calibrations = TITLES.map(
    (title) =>
      calibrationChart(assessment, { title, rows: 'held-out patients, last round', scores: SCORES })!,
  );
  return [...curves, ...calibrations];
}

interface Text {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly isBold: boolean;
  readonly said: string;
}

/** The texts that begin at their x. */
const textsOf = (svg: string): Text[] =>
  [...svg.matchAll(/<text x="([-\d.]+)" y="([-\d.]+)"([^>]*)>([^<]*)</g)]
    .filter(([, , , attributes]) => !attributes!.includes('text-anchor'))
    .map(([, x, y, attributes, said]) => ({
      x: Number(x),
      y: Number(y),
      size: Number(/font-size="(\d+)"/.exec(attributes!)?.[1] ?? 12),
      isBold: attributes!.includes('font-weight'),
      said: said!.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    }));

/** WCAG 2.2's contrast of two colours. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5].map((place) => {
      const share = Number.parseInt(colour.slice(place, place + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

describe('texts of charts', () => {
  for (const hospitals of [1, 8, 40]) {
    it(`stay inside the frame, and none lies on another: hospitals ${hospitals}`, () => {
      for (const svg of charts(hospitals)) {
        const [, top, width, height] = /viewBox="0 (-?\d+) (\d+) (\d+)"/.exec(svg)!.map(Number);
        const texts = textsOf(svg);
        assert.ok(texts.length > 3);
        for (const { x, y, said, ...look } of texts) {
          assert.ok(x + textWidth(said, look) <= width!, `${said} leaves the frame`);
          assert.ok(y - look.size >= top! && y + 3 <= top! + height!, `${said} is cut off`);
        }
        for (const [place, { x, y, size, isBold, said }] of texts.entries()) {
          for (const other of texts.slice(place + 1)) {
            const isApart =
              Math.abs(other.y - y) >= Math.min(size, other.size) * 0.9 ||
              x + textWidth(said, { size, isBold }) <= other.x ||
              other.x + textWidth(other.said, other) <= x;
            assert.ok(isApart, `${said} lies on ${other.said}`);
          }
        }
      }
    });
  }

  it('are whole: a footnote has several lines, and a title too', () => {
    const own = charts(8);
    const [short, long] = [own[0], own[TARGETS.length]];
    for (const svg of [short!, long!]) {
      const said = textsOf(svg).map((text) => text.said);
      assert.match(said.join(' '), /Thin: accuracy by hospital, dotted from the seventh on\.$/);
    }
    assert.ok(
      textsOf(long!)
        .map((text) => text.said)
        .join(' ')
        .includes(TITLES[1]!),
    );
  });

  it('have enough contrast on light paper and on dark', () => {
    const darkOf = (colour: string) =>
      new RegExp(`\\[fill="${colour}"\\]\\{fill:(#\\w{6})\\}`).exec(DARK_STYLE)![1]!;
    for (const svg of charts(8)) {
      for (const [, colour] of svg.matchAll(/<text [^>]*fill="(#\w{6})"/g)) {
        assert.ok(contrast(colour!, PAPER.light) >= 4.5, `${colour} on light paper`);
        assert.ok(contrast(darkOf(colour!), PAPER.dark) >= 4.5, `${colour} on dark paper`);
      }
    }
  });
});

describe('lines of a text', () => {
  const look = { size: 10, width: 60 };
  it('break between words, and the last is cut short', () => {
    const lines = wrapped('one two three four five', { ...look, most: 2 });
    assert.deepEqual([lines.length, lines[0]], [2, 'one two']);
    assert.match(lines[1]!, /^three.*…$/);
    assert.deepEqual(wrapped('one', { ...look, most: 2 }), ['one']);
    assert.deepEqual(wrapped('', { ...look, most: 2 }), []);
  });
  it('have a word that is longer than a line cut short', () => {
    assert.ok(fitted('Universitätsklinikum', look).endsWith('…'));
    assert.ok(textWidth(fitted('Universitätsklinikum', look), look) <= 60);
    assert.equal(fitted('short', look), 'short');
  });
});
