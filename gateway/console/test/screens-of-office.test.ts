// What an operator looks after, for everyone (look-at-screens.ts).
import { lookAt } from '../testing/look-at-screens.ts';

lookAt('office');
