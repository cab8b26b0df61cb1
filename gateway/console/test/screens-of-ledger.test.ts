// The ledger and the verifier, for everyone (look-at-screens.ts).
import { lookAt } from '../testing/look-at-screens.ts';

lookAt('ledger');
