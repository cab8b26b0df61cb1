/**
 * The conformance suite: questions to which every Fabric network gives one answer, asked through the
 * unmodified client. The expected answers were given by Fabric 3.1.5. One suite judges every network,
 * so that what holds on the embedded one holds on the real one.
 */

import { after, before, describe } from 'node:test';
import { chaincodeCalls } from './chaincode-calls.ts';
import { commitStatus } from './commit-status.ts';
import type { ConformanceOptions } from './conformance-network.ts';
import { delivery } from './delivery.ts';
import { directEndorsement } from './direct-endorsement.ts';
import { dishonestClients } from './dishonest-clients.ts';
import { durability } from './durability.ts';
import { endorsementMismatch } from './endorsement-mismatch.ts';
import { events } from './events.ts';
import { gatewayErrors } from './gateway-errors.ts';
import { history } from './history.ts';
import { identities } from './identities.ts';
import { ledgerQueries } from './ledger-queries.ts';
import { mvcc } from './mvcc.ts';
import { policies } from './policies.ts';
import { privateData } from './private-data.ts';
import { ranges } from './ranges.ts';
import { state } from './state.ts';
import { stateBasedEndorsement } from './state-based-endorsement.ts';
import { Subject } from './subject.ts';
import { transactionIds } from './transaction-ids.ts';

export type { ConformanceNetwork, ConformanceOptions, OddIdentities } from './conformance-network.ts';
export type { ClientCredentials, Connection, Organisation } from './connection.ts';
export { readConnection } from './connection.ts';
export { type ProbeDefinition, probeDefinitions } from './probe-policies.ts';

const TOPICS = [
  state,
  ranges,
  history,
  mvcc,
  policies,
  endorsementMismatch,
  stateBasedEndorsement,
  privateData,
  chaincodeCalls,
  identities,
  gatewayErrors,
  commitStatus,
  events,
  delivery,
  dishonestClients,
  transactionIds,
  directEndorsement,
  ledgerQueries,
  durability,
];

export function conformanceSuite(name: string, { setup, teardown }: ConformanceOptions): void {
  describe(`${name} answers as Fabric does`, () => {
    let subject: Subject | undefined;
    before(async () => {
      subject = new Subject(await setup());
      await subject.ready();
    });
    after(async () => {
      subject?.close();
      await teardown();
    });
    for (const topic of TOPICS) {
      topic(() => {
        if (!subject) throw new Error('the network was not set up');
        return subject;
      });
    }
  });
}
