// Judges the chaincode on the embedded network.
import { after, it } from 'node:test';
import { attackConformance } from './attack-conformance.ts';
import { EmbeddedNetwork, embeddedExists } from './embedded-network.ts';
import { evidenceConformance } from './evidence-conformance.ts';
import { evidenceKindsConformance } from './evidence-kinds-conformance.ts';
import type { FabricConsortium } from './fabric-consortium.ts';
import { forgeryConformance } from './forgery-conformance.ts';
import { raceConformance } from './race-conformance.ts';
import { stewardsConformance } from './stewards-conformance.ts';
import { studyConformance } from './study-conformance.ts';

if (embeddedExists()) {
  const embedded = new EmbeddedNetwork();
  let ledger: FabricConsortium | undefined;
  after(async () => {
    await ledger?.[Symbol.asyncDispose]();
    await embedded.stop();
  });
  // One network for all: the suites use names of their own.
  const network = {
    setup: async () => {
      ledger ??= await embedded.start();
      return ledger;
    },
    teardown: async () => {},
  };
  // First, while nobody is a member yet.
  forgeryConformance('forged rows on the embedded network are refused', {
    ...network,
    peer: (mspId) => embedded.peer(mspId),
  });
  evidenceConformance('evidence of a study on the embedded network', {
    ...network,
    peer: (mspId) => embedded.peer(mspId),
  });
  evidenceKindsConformance('evidence of every kind on the embedded network', {
    ...network,
    peer: (mspId) => embedded.peer(mspId),
  });
  studyConformance('a study on the embedded network', network);
  attackConformance('attacks on the embedded network are refused', network);
  raceConformance('studies that race on the embedded network', network);
  stewardsConformance('consents of several stewards on the embedded network', {
    ...network,
    enrol: (mspId, person, role) => embedded.enrol(mspId, person, role),
  });
} else {
  it('a study runs on the embedded network', { skip: 'not run: test-network is not built' });
}
