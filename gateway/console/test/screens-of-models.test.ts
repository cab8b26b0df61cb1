// Models and the questions of compliance teams, for everyone (look-at-screens.ts).
import { lookAt } from '../testing/look-at-screens.ts';

lookAt('models');
