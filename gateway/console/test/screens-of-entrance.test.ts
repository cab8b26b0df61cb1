// The overview and what is around every screen, for everyone (look-at-screens.ts).
import { lookAt } from '../testing/look-at-screens.ts';

lookAt('entrance');
