// A section of docs/concepts/threat-model.md, with the tests behind each of its rows.
export interface ThreatSection {
  /** Its heading there. */
  readonly title: string;
  /** In the order of its rows. */
  readonly threats: readonly ThreatTests[];
}

export interface ThreatTests {
  /** The anchor that the row links to. */
  readonly id: string;
  readonly attack: string;
  /** Titles of tests, or what is left of them between the values that are filled in. */
  readonly titles: readonly string[];
}
