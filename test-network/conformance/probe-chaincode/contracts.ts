/** The entry that `fabric-chaincode-node server` loads: the contracts this package offers. */

import { PrivateProbe } from './private-probe.ts';
import { StateProbe } from './state-probe.ts';

export const contracts = [StateProbe, PrivateProbe];
