// Ceremonies on a real Fabric that is ordered by Raft.
import { test } from 'node:test';
import { whyNoFabric } from '../native/binaries.ts';
import { tryCeremonies } from './testing/ceremony-scenario.ts';

test('three hospitals under Raft found a channel, and change it by ceremonies', {
  skip: whyNoFabric(),
}, async () => {
  await tryCeremonies(['Alpha', 'Beta', 'Gamma'], 'raft');
});
