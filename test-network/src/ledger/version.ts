/** The height at which a key was last written: the currency of Fabric's conflict detection. */
export interface Version {
  readonly block: number;
  readonly tx: number;
}

export function sameVersion(left: Version | undefined, right: Version | undefined): boolean {
  if (!left || !right) return left === right;
  return left.block === right.block && left.tx === right.tx;
}

/** As Fabric prints one. */
export function formatVersion(version: Version | undefined): string {
  return version ? `{BlockNum: ${version.block}, TxNum: ${version.tx}}` : '<nil>';
}
