// Ceremonies on a real Fabric that is ordered by BFT.
import { test } from 'node:test';
import { whyNoFabric } from '../native/binaries.ts';
import { tryCeremonies } from './testing/ceremony-scenario.ts';

test('four hospitals under BFT found a channel, and change it by ceremonies', {
  skip: whyNoFabric(),
}, async () => {
  await tryCeremonies(['Alpha', 'Beta', 'Gamma', 'Eta'], 'bft');
});
