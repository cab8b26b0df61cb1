/** The endorsement policies the probe's three definitions are deployed with, in Fabric's policy language. */

export interface ProbeDefinition {
  readonly name: string;
  /** Undefined: the channel's default, a majority of its organisations. */
  readonly policy: string | undefined;
}

/** With three or more organisations A, B, C…: majority; any one; A, or B and C together. */
export function probeDefinitions(probe: string, mspIds: readonly string[]): readonly ProbeDefinition[] {
  const [a, b, c] = mspIds.map((mspId) => `'${mspId}.peer'`);
  if (a === undefined || b === undefined || c === undefined) {
    throw new Error(`the conformance suite needs three organisations, the connection has ${mspIds.length}`);
  }
  return [
    { name: probe, policy: undefined },
    { name: `${probe}-any`, policy: `OR(${mspIds.map((mspId) => `'${mspId}.peer'`).join(',')})` },
    { name: `${probe}-nested`, policy: `OR(${a},AND(${b},${c}))` },
  ];
}
