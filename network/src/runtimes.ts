// Which runtime a consortium.yaml asks for.
import type { Consortium } from './config.ts';
import { planEmbedded } from './embedded-runtime.ts';
import { planNative } from './native/native-runtime.ts';
import type { Plan } from './runtime.ts';

export const planConsortium = (consortium: Consortium, directory: string): Promise<Plan> =>
  consortium.runtime === 'native' ? planNative(consortium, directory) : planEmbedded(consortium, directory);
