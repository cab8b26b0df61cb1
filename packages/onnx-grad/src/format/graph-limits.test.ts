import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as limits from './graph-limits.ts';

test('counts beyond their limits are named with what was found, all at once', () => {
  const counts = Object.fromEntries(Object.keys(limits.FILE_LIMITS).map((count) => [count, 0]));
  limits.checkFileCounts(counts as Parameters<typeof limits.checkFileCounts>[0]);
  const beyond = { ...counts, nodes: 8193, initialisers: 9000 };
  assert.throws(
    () => limits.checkFileCounts(beyond as Parameters<typeof limits.checkFileCounts>[0]),
    /it has 8193 nodes, and 8192 is the most; graph: it has 9000 initialisers, and 8192 is the most; take a smaller/,
  );
});
