// Numbers, times and privacy losses as people read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundDecimal } from './decimal.ts';
import { formatBytes, formatCount, formatScore, formatShare } from './numbers.ts';
import { budgetShares, formatDelta, formatEpsilon } from './privacy.ts';
import { formatDay, formatDuration, formatRelative, formatTime } from './times.ts';

test('what was spent is never shown as less, and what is left never as more', () => {
  for (const [value, up, down] of [
    ['0.0421', '0.043', '0.042'],
    ['1.230000000000001', '1.24', '1.23'],
    ['1.23', '1.23', '1.23'],
    ['0.999', '1', '0.99'],
    ['9.999', '10', '9.99'],
    ['99.95', '100', '99.9'],
    ['1234.5', '1240', '1230'],
    ['3', '3', '3'],
    ['0.30', '0.3', '0.3'],
    ['0.0004', '< 0.001', '0'],
    ['0', '0', '0'],
  ] as const) {
    assert.equal(formatEpsilon(value), up, value);
    assert.equal(formatEpsilon(value, 'down'), down, value);
    const [above, below] = [up, down].map((text) => Number(text.replace('< ', '')));
    assert.ok(above! >= Number(value) && below! <= Number(value), value);
  }
});

test('a sum of floating-point numbers is not rounded up for its last bit', () => {
  assert.equal(formatEpsilon(0.1 + 0.2), '0.3');
  assert.equal(formatEpsilon(Number.POSITIVE_INFINITY), '∞');
  assert.equal(roundDecimal(1e-7, 2, 'up'), '0.0000001');
  assert.equal(roundDecimal(1.5e21, 3, 'up'), '1500000000000000000000');
});

test('δ is a power of ten, or one digit times one', () => {
  assert.equal(formatDelta('0.00001'), '10⁻⁵');
  assert.equal(formatDelta(1e-6), '10⁻⁶');
  assert.equal(formatDelta('0.0000021'), '3 × 10⁻⁶');
  assert.equal(formatDelta('0.0000099'), '10⁻⁵');
  assert.equal(formatDelta('0'), '0');
});

test('shares of a budget count what is reserved as it composes, and never more than there is', () => {
  const { spent, reserved, left } = budgetShares({ total: '4', spent: '1', committed: '2.5' });
  assert.deepEqual([spent, reserved, left], [0.25, 0.375, 0.375]);
  assert.deepEqual(budgetShares({ total: '1', spent: '2', committed: '1.5' }), {
    spent: 1,
    reserved: 0,
    left: 0,
  });
  assert.deepEqual(budgetShares({ total: '0', spent: '0', committed: '0' }), {
    spent: 0,
    reserved: 0,
    left: 0,
  });
});

test('counts, shares, scores and sizes are in the language of the reader', () => {
  assert.equal(formatCount(1234567, 'en'), '1,234,567');
  assert.equal(formatCount(1234567, 'de'), '1.234.567');
  assert.equal(formatShare(0.421, 'en'), '42%');
  assert.equal(formatShare(0.0001, 'en'), '< 1%');
  assert.equal(formatShare(0.9999, 'en'), '> 99%');
  assert.equal(formatShare(1, 'en'), '100%');
  assert.equal(formatScore('0.81234', 3, 'en'), '0.812');
  assert.equal(formatBytes(1_450_000, 'en'), '1.5 MB');
  assert.equal(formatBytes(12, 'en'), '12 byte');
});

test('a time is said as far from now as it is, and in full', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  assert.equal(formatRelative('2026-11-30T11:59:40Z', now, 'en'), 'now');
  assert.equal(formatRelative('2026-11-30T09:10:00Z', now, 'en'), '2 hours ago');
  assert.equal(formatRelative('2026-12-02T13:00:00Z', now, 'en'), 'in 2 days');
  assert.equal(formatRelative('2026-11-29T11:00:00Z', now, 'en'), 'yesterday');
  const form = { language: 'en-GB', timeZone: 'UTC' };
  assert.equal(formatTime('2026-11-30T01:20:05Z', form), '30 Nov 2026, 01:20');
  assert.equal(formatTime('2026-11-30T01:20:05Z', { ...form, exact: true }), '30 Nov 2026, 01:20:05 UTC');
  assert.match(formatDay('2026-11-30T12:00:00Z', 'en-GB'), /30 Nov 2026/);
  assert.equal(formatDuration(7_500, 'en'), '2 hr 5 min');
  assert.equal(formatDuration(3_599.7, 'en'), '1 hr');
  assert.equal(formatDuration(59.6, 'en'), '1 min');
  assert.equal(formatDuration(0, 'en'), '0 sec');
  assert.equal(formatDuration(86_400, 'en'), '1 day');
});
