import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnfitFabricError, versionIn } from './fabric-version.ts';

const said = (version: string) =>
  `peer:\n Version: ${version}\n Commit SHA: 1234567\n Go version: go1.26.1\n`;

test('Fabric 3 has its own channel capability, and Fabric 2.5 the one before it', () => {
  assert.deepEqual(versionIn(said('v3.1.5'), 'bft'), {
    text: '3.1.5',
    major: 3,
    channelCapability: 'V3_0',
    checksTimeWindow: true,
  });
  assert.deepEqual(versionIn(said('2.5.16'), 'raft'), {
    text: '2.5.16',
    major: 2,
    channelCapability: 'V2_0',
    checksTimeWindow: false,
  });
  assert.equal(versionIn(said('latest'), 'bft').channelCapability, 'V3_0');
});

test('what a Fabric is too old for is refused with a remedy', () => {
  const refused = (words: RegExp) => (error: Error) =>
    error instanceof UnfitFabricError && words.test(error.message);
  assert.throws(
    () => versionIn(said('2.5.16'), 'bft'),
    refused(/BFT .* are 2\.5\.16 → write `ordering: raft`/),
  );
  assert.throws(() => versionIn(said('2.2.19'), 'raft'), refused(/2\.2\.19 is too old → set FABRIC_BIN_DIR/));
});
