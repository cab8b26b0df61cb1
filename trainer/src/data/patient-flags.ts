// What is known of one patient of a file that was read for a population: bits of one byte.
export const PATIENT_FLAGS = {
  /** On the held-out side of the split. */
  heldOut: 1,
  /** Not in what is committed to. */
  leftOut: 2,
  withdrawn: 4,
} as const;
