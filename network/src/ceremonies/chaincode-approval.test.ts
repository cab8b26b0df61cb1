import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byThoseWhoApproved } from './chaincode-approval.ts';
import { FabricNodeError } from './fabric-nodes.ts';

const APPROVED = ['AlphaMSP', 'BetaMSP'];
const WORDS =
  "chaincode response 500, failed to invoke backing implementation of 'CommitChaincodeDefinition': chaincode " +
  'definition not agreed to by this org (DeltaMSP)';

/** Sends that end so, one after the other; whom each asked. */
function sends(...ends: readonly (Error | 'done')[]) {
  const asked: unknown[] = [];
  const send = async (endorsers: object) => {
    const end = ends[asked.push(endorsers) - 1];
    if (end !== 'done') throw end;
  };
  return { asked, send };
}

test('a definition is committed by the peers of those who approved, where the own one chose another', async () => {
  const { asked, send } = sends(new FabricNodeError(WORDS), 'done');
  await byThoseWhoApproved(APPROVED, send);
  assert.deepEqual(asked, [{}, { organisations: APPROVED }]);
});

test('the own peer chooses otherwise, and what else fails is not tried twice', async () => {
  const chosen = sends('done');
  await byThoseWhoApproved(APPROVED, chosen.send);
  assert.deepEqual(chosen.asked, [{}]);
  const outdated = sends(new FabricNodeError('new definition must be sequence 3'));
  await assert.rejects(byThoseWhoApproved(APPROVED, outdated.send), /must be sequence 3/);
  const still = sends(new FabricNodeError(WORDS), new FabricNodeError(WORDS));
  await assert.rejects(byThoseWhoApproved(APPROVED, still.send), /not agreed to by this org/);
  assert.deepEqual([outdated.asked.length, still.asked.length], [1, 2]);
});
