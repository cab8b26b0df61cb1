// Who takes part in a round, and what each contributes.

/** One hospital's update in a round. */
export interface SiteUpdate {
  readonly site: string;
  /** On the lattice, int32 [P]. */
  readonly delta: Int32Array;
}

/** Who takes part in a round, with the public weight of each. */
export interface SiteWeight {
  readonly site: string;
  readonly weight: number;
}
