/** Judges the embedded network by the answers of a real one. */

import { EmbeddedNetwork } from './embedded-network.ts';
import { conformanceSuite } from './index.ts';

let network: EmbeddedNetwork | undefined;

conformanceSuite('the embedded network', {
  async setup() {
    network = await EmbeddedNetwork.create();
    return network.start();
  },
  async teardown() {
    await network?.stop();
  },
});
