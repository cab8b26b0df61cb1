import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Dictionary } from '@consilium/domain';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import { loadSite } from './load-sites.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-split-'));
const path = join(directory, 'a.csv');
before(() => writeFileSync(path, csvOf(1, 200)));
after(() => rmSync(directory, { recursive: true }));

const heldOutOf = async (
  name: string,
  { dictionary = DICTIONARY, splitSeed = 'one' }: { dictionary?: Dictionary; splitSeed?: string } = {},
) => {
  const { heldOut, training } = await loadSite({ name, path }, { dictionary, unit: 'patient', splitSeed });
  const [held, trained] = [heldOut, training].map(({ rowOffsets }) => rowOffsets.length - 1);
  assert.ok(held! > 0 && trained! > held!);
  return heldOut;
};

describe('one rule for who is held out', () => {
  it('holds out the same patients for one seed, whatever the hospital is called and whichever command asks', async () => {
    const alone = await heldOutOf('data');
    assert.deepEqual(await heldOutOf('aldermoor'), alone);
    assert.deepEqual(await heldOutOf('brightwater'), alone);
  });

  it('does so without ids of patients too', async () => {
    const dictionary = { ...DICTIONARY, patientId: null };
    assert.deepEqual(await heldOutOf('aldermoor', { dictionary }), await heldOutOf('data', { dictionary }));
  });

  it('holds out others for another seed', async () => {
    assert.notDeepEqual(await heldOutOf('data', { splitSeed: 'two' }), await heldOutOf('data'));
  });
});
