// What a step of the test is: something that happens to the hospitals, and what must hold afterwards.
import type { Room } from '../room.ts';

export interface Step {
  /** Unique; what `--steps` takes. */
  readonly name: string;
  /** Takes minutes: run only where it is named, or all are. */
  readonly isLong?: true;
  /** Before the study, after it, or in the study, once this round has begun. Those in the study run one by one. */
  readonly when: 'before' | 'after' | { readonly round: number };
  /** What did not hold. What it throws is a problem too, and the other steps go on. */
  readonly run: (room: Room) => Promise<readonly string[]>;
}
