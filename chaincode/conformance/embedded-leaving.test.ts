// Judges leaving on an embedded network of five. Its channel has one configuration for life, so that nobody can be
// removed from it: the peers of who left are only not asked any more.
import { after, it } from 'node:test';
import { EmbeddedNetwork, embeddedExists } from './embedded-network.ts';
import { leavingConformance } from './leaving-conformance.ts';

const FIVE = ['AlphaMSP', 'BetaMSP', 'DeltaMSP', 'EpsilonMSP', 'GammaMSP'];

if (embeddedExists()) {
  const embedded = new EmbeddedNetwork(FIVE);
  after(() => embedded.stop());
  leavingConformance('two of five leave the ledger of an embedded network', {
    setup: () => embedded.start(),
    teardown: async () => {},
  });
} else {
  it('two of five leave the ledger of an embedded network', { skip: 'not run: test-network is not built' });
}
