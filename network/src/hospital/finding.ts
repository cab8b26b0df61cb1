// What a look at a hospital's host says, and how a neighbour is asked.

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, such as `orderer of Clinic2MSP`. */
  readonly what: string;
  readonly state: 'good' | 'soon' | 'wrong' | 'unknown';
  /** A sentence, with the remedy where something is wrong. */
  readonly text: string;
}

/** What a host is asked by, and how it has to prove itself. */
export interface TlsProbe {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly ca: readonly string[];
  readonly cert: string;
  readonly key: string;
}
