import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dictionary, type LabelRule, targetOf } from '@consilium/domain';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { labelReader } from './cell-reader.ts';
import { unscaleLabel } from './read-label.ts';

const withRule = (rule: LabelRule): Dictionary => ({ ...DICTIONARY, label: { ...DICTIONARY.label, rule } });
/** What a label's text comes to. */
function readLabel(text: string, dictionary: Dictionary): { y: number } | { code: string } {
  const reader = labelReader(dictionary, '.');
  const y = reader.ofText(text);
  return reader.wrong === undefined ? { y } : { code: reader.wrong };
}

const PRESSURE = {
  kind: 'numeric',
  unit: 'mmHg',
  bounds: { low: 40, high: 300 },
  reference: { low: 90, high: 140 },
} as const;
const CASES: readonly [rule: LabelRule, text: string, wanted: number | string][] = [
  [{ kind: 'binary' }, '1.0', 1],
  [{ kind: 'binary' }, '2', 'LABEL_NOT_BINARY'],
  [{ kind: 'binary' }, '?', 'LABEL_MISSING'],
  [{ kind: 'binary' }, 'TRUE', 'LABEL_A_WORD'],
  [{ kind: 'binary' }, 'No', 'LABEL_A_WORD'],
  [{ kind: 'binary' }, 'ill', 'LABEL_NOT_BINARY'],
  [{ kind: 'greater-than', threshold: 3 }, '3.1', 1],
  [{ kind: 'greater-than', threshold: 3 }, '3', 0],
  [{ kind: 'greater-than', threshold: 3 }, 'high', 'LABEL_NOT_A_NUMBER'],
  [{ kind: 'categorical', categories: ['mild', '2', 'none'] }, 'none', 2],
  [{ kind: 'categorical', categories: ['mild', '2', 'none'] }, '2.0', 1],
  [{ kind: 'categorical', categories: ['mild', '2', 'none'] }, 'None', 'LABEL_NOT_A_CATEGORY'],
  [PRESSURE, '90', -1],
  [PRESSURE, '140', 1],
  [PRESSURE, '300', 7.4],
  [PRESSURE, '301', 'LABEL_OUT_OF_BOUNDS'],
  [PRESSURE, 'NaN', 'LABEL_NOT_A_NUMBER'],
  [PRESSURE, '', 'LABEL_MISSING'],
  [{ kind: 'count', high: 20 }, '20', 20],
  [{ kind: 'count', high: 20 }, '0', 0],
  [{ kind: 'count', high: 20 }, '21', 'LABEL_OUT_OF_BOUNDS'],
  [{ kind: 'count', high: 20 }, '1.5', 'LABEL_NOT_A_COUNT'],
  [{ kind: 'count', high: 20 }, '-1', 'LABEL_NOT_A_COUNT'],
];

for (const [rule, text, wanted] of CASES) {
  test(`a ${rule.kind} label reads "${text}" as ${wanted}`, () => {
    const read = readLabel(text, withRule(rule));
    assert.deepEqual(read, typeof wanted === 'number' ? { y: wanted } : { code: wanted });
  });
}

test('a number is scaled by published bounds alone, and comes back in its unit', () => {
  const dictionary = withRule(PRESSURE);
  const target = targetOf(dictionary.label);
  assert.ok(target.kind === 'numeric');
  for (const value of [40, 117.3, 299]) {
    const read = readLabel(String(value), dictionary);
    assert.ok('y' in read && Math.abs(unscaleLabel(read.y, target) - value) < 1e-9);
  }
});
