import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peer } from '../fabric-protos.ts';
import type { ProposalResponse } from '../peer/proposal-response.ts';
import { EndorsementPlan } from './endorsement-plan.ts';
import type { Selection } from './endorser-selection.ts';
import type { EndorsingPeer } from './endorsing-peer.ts';

const [A, B, C, D] = ['A', 'B', 'C', 'D'].map(
  (mspId) => ({ mspId, address: `${mspId}:1` }) as EndorsingPeer,
) as [EndorsingPeer, EndorsingPeer, EndorsingPeer, EndorsingPeer];
const PEERS = [A, B, C, D];

function response(payload: string): ProposalResponse {
  const message = new peer.ProposalResponse();
  message.setPayload(Buffer.from(payload));
  message.setEndorsement(new peer.Endorsement());
  return message;
}

const only = (...layouts: string[][]): Selection => ({ layouts, another: () => undefined });

function namesOf(peers: EndorsingPeer[] | undefined): string[] | undefined {
  return peers?.map(({ mspId }) => mspId).sort();
}

describe('an endorsement plan', () => {
  it('asks those of the first layout who have not endorsed yet', () => {
    const plan = new EndorsementPlan(only(['A', 'B', 'C']), PEERS);
    plan.accept(A, response('same'));
    assert.deepEqual(namesOf(plan.next()), ['B', 'C']);
    plan.accept(B, response('same'));
    assert.equal(plan.completed?.length ?? 0, 0);
    plan.accept(C, response('same'));
    assert.equal(plan.completed?.length, 3);
  });

  it('goes on with another layout when a peer refuses, keeping what it has', () => {
    const plan = new EndorsementPlan(only(['A', 'B'], ['A', 'C'], ['B', 'D']), PEERS);
    plan.accept(A, response('same'));
    plan.next();
    plan.refuse(B, 'no');
    assert.deepEqual(namesOf(plan.next()), ['C']);
    plan.accept(C, response('same'));
    assert.equal(plan.completed?.length, 2);
    assert.deepEqual(plan.errorDetails, [{ address: 'B:1', mspId: 'B', message: 'no' }]);
  });

  it('takes a different result for a refusal', () => {
    const plan = new EndorsementPlan(only(['A', 'B']), PEERS);
    plan.accept(A, response('one'));
    plan.next();
    plan.accept(B, response('another'));
    assert.equal(plan.completed?.length ?? 0, 0);
    assert.equal(plan.next(), undefined);
    assert.equal(plan.errorDetails[0]!.message, 'ProposalResponsePayloads do not match');
  });

  it('asks no peer twice', () => {
    const plan = new EndorsementPlan(only(['A', 'B'], ['B', 'C']), PEERS);
    assert.deepEqual(namesOf(plan.next()), ['A', 'B']);
    plan.refuse(A, 'no');
    assert.equal(plan.next(), undefined, 'B was asked and has not answered');
  });

  it('finds the next layout when it needs one, around those who refused and with those who endorsed', () => {
    const asked: (readonly string[])[] = [];
    const another = (usable: readonly string[]) => {
      asked.push(usable);
      return usable.length >= 2 ? usable.slice(0, 2) : undefined;
    };
    const plan = new EndorsementPlan({ layouts: [['A', 'B']], another }, PEERS);
    plan.accept(A, response('same'));
    plan.next();
    plan.refuse(B, 'no');
    assert.deepEqual(namesOf(plan.next()), ['C']);
    plan.refuse(C, 'no');
    assert.deepEqual(namesOf(plan.next()), ['D']);
    plan.accept(D, response('same'));
    assert.equal(plan.completed?.length, 2);
    assert.deepEqual(asked, [
      ['A', 'C', 'D'],
      ['A', 'D'],
    ]);
  });

  it('ends where no layout is left to be found, and asks nobody where those who endorsed are enough', () => {
    const none = new EndorsementPlan({ layouts: [['A', 'B']], another: () => undefined }, PEERS);
    none.accept(A, response('same'));
    none.next();
    none.refuse(B, 'no');
    assert.equal(none.next(), undefined);
    const enough = new EndorsementPlan({ layouts: [['A', 'B']], another: () => ['A'] }, PEERS);
    enough.accept(A, response('same'));
    enough.next();
    enough.refuse(B, 'no');
    assert.deepEqual(enough.next(), []);
    assert.equal(enough.completed?.length, 1);
  });
});
