// Why a file of a ceremony is not reviewed, signed or sent: what is wrong with it, where, and what to do.
import { InputError } from '@consilium/command-line';

/** A ceremony's file, or what belongs to it, that nobody should sign. */
export class RefusedCeremonyError extends InputError {
  override readonly name = 'RefusedCeremonyError';
}

/** @throws RefusedCeremonyError always */
export function refuse(text: string, options?: ErrorOptions): never {
  throw new RefusedCeremonyError(text, options);
}
