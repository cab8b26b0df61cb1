// Studies and consents, for everyone (look-at-screens.ts).
import { lookAt } from '../testing/look-at-screens.ts';

lookAt('studies');
