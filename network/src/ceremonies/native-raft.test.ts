// Ceremonies on a real Fabric that is ordered by Raft.
import { test } from 'node:test';
import { missing, tryCeremonies } from './testing/ceremony-scenario.ts';

test('three hospitals under Raft found a channel, and change it by ceremonies', {
  skip: missing(),
}, async () => {
  await tryCeremonies(['Alpha', 'Beta', 'Gamma'], 'raft');
});
