// Whether a transaction's endorsements are those that its writes ask for: the chaincode's policy as its definition on
// the ledger says, replaced by a row's own where it has one. Fabric's rules of key-level endorsement.
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import type { SignedBytes } from '../identity/membership.ts';
import {
  anyOf,
  readSignaturePolicy,
  type SignaturePolicy,
  satisfies,
  wordsOf,
} from '../policy/signature-policy.ts';
import { Message } from '../wire/protobuf-reader.ts';
import { collectionId, type NamespaceSet, readableKey, rowId } from './read-write-set.ts';
import type { ReplayedRows } from './replayed-rows.ts';

export const LIFECYCLE = '_lifecycle';
const IMPLICIT = /^_implicit_org_(.+)$/;
/** What a definition asks for that names no policy: the channel's own. */
const OWN_POLICY = '/Channel/Application/Endorsement';
const LIFECYCLE_POLICY = '/Channel/Application/LifecycleEndorsement';

export const definitionKey = (chaincode: string, field: string): string =>
  `namespaces/fields/${chaincode}/${field}`;

/**
 * Why it does not hold; `unknown` where a block that is not shown would say, `unjudged` where it would hold with
 * signatures of which nothing can be said.
 */
export interface EndorsementProblem {
  readonly text: string;
  readonly isUnknown: boolean;
  readonly isUnjudged?: boolean;
}

export interface EndorsementOptions {
  readonly configuration: ChannelConfiguration;
  readonly rows: ReplayedRows;
  readonly endorsements: readonly SignedBytes[];
  /** Rows whose policy an earlier transaction of the same block changed: nobody may write them any more. */
  readonly changedInBlock: ReadonlySet<string>;
  /** Whether signatures of which nothing can be said count. */
  readonly isLenient?: boolean;
}

type Holds = (endorsements: readonly SignedBytes[]) => boolean;
interface NamedPolicy {
  readonly words: string;
  readonly holds: Holds;
}

/** @throws UnreadableError where a policy cannot be read */
export function endorsementProblem(
  chaincode: string,
  sets: readonly NamespaceSet[],
  options: EndorsementOptions,
): EndorsementProblem | undefined {
  const problem = problemUnder(chaincode, sets, options);
  const { membership } = options.configuration;
  const unjudged = options.endorsements
    .map(({ identity }) => identity.mspId)
    .find((mspId) => membership.unjudgedBecause(mspId) !== undefined);
  if (problem === undefined || unjudged === undefined) return problem;
  const left = problemUnder(chaincode, sets, { ...options, isLenient: true });
  return left ?? { ...problem, text: `${problem.text} without ${unjudged}`, isUnjudged: true };
}

function problemUnder(
  chaincode: string,
  sets: readonly NamespaceSet[],
  options: EndorsementOptions,
): EndorsementProblem | undefined {
  const written = sets.filter(
    ({ writes, policyWrites, collections }) =>
      writes.length + policyWrites.length > 0 ||
      collections.some((one) => one.writes.length + one.policyWrites.length > 0),
  );
  for (const namespace of new Set([chaincode, ...written.map((set) => set.namespace)])) {
    const policy = chaincodePolicy(namespace, options);
    if ('text' in policy) return policy;
    const set = written.find((one) => one.namespace === namespace);
    const problem = namespaceProblem(namespace, set, policy, options);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function chaincodePolicy(
  name: string,
  { configuration, rows, isLenient }: EndorsementOptions,
): NamedPolicy | EndorsementProblem {
  const byChannel = (path: string): NamedPolicy => ({
    words: path,
    holds: (endorsements) => configuration.satisfies(path, endorsements, isLenient),
  });
  if (name === LIFECYCLE) return byChannel(LIFECYCLE_POLICY);
  const value = rows.state.value(LIFECYCLE, definitionKey(name, 'ValidationInfo'));
  const sequence = rows.get(LIFECYCLE, definitionKey(name, 'Sequence'));
  if (value === undefined || sequence === undefined || sequence.isHidden) {
    return { text: `the definition of the chaincode ${name} is in no block that is shown`, isUnknown: true };
  }
  const info = new Message('definition', value).inBytes(2, 'definition');
  const applied = info.inBytes(2, 'policy of a chaincode');
  const choice = applied.choice({ messages: [1, 2] });
  if (choice?.field !== 1) return byChannel(applied.text(2) || OWN_POLICY);
  return ownPolicy(choice.bytes, { configuration, ...(isLenient && { isLenient }) });
}

function namespaceProblem(
  namespace: string,
  set: NamespaceSet | undefined,
  policy: NamedPolicy,
  options: EndorsementOptions,
): EndorsementProblem | undefined {
  const { configuration, rows, endorsements, changedInBlock } = options;
  let isAnyChecked = false;
  const check = (what: string, one: NamedPolicy): EndorsementProblem | undefined => {
    isAnyChecked = true;
    return one.holds(endorsements)
      ? undefined
      : { text: `its endorsements of ${what} are not those of ${one.words}`, isUnknown: false };
  };
  const checkRow = (key: string): EndorsementProblem | undefined => {
    if (changedInBlock.has(rowId(namespace, key))) {
      return { text: `it writes ${readableKey(key)}, whose policy its block changed`, isUnknown: false };
    }
    const row = rows.get(namespace, key);
    if (row?.isHidden === true) {
      const where = `block ${row.version.block}, which is not shown`;
      return { text: `the policy of ${readableKey(key)} is in ${where}`, isUnknown: true };
    }
    return check(readableKey(key), row?.policy === undefined ? policy : ownPolicy(row.policy, options));
  };
  for (const { key } of [...(set?.writes ?? []), ...(set?.policyWrites ?? [])]) {
    const problem = checkRow(key);
    if (problem !== undefined) return problem;
  }
  for (const { collection, writes, policyWrites } of set?.collections ?? []) {
    const owner = IMPLICIT.exec(collection)?.[1];
    if (owner === undefined || !configuration.mspIds.includes(owner)) {
      return { text: `the collection ${collection} is of no kind that is known here`, isUnknown: false };
    }
    const byOwner = namespace === LIFECYCLE ? ownerPolicy(owner, options) : peerOf(owner, options);
    for (const { key } of [...writes, ...policyWrites]) {
      if (changedInBlock.has(rowId(collectionId(namespace, collection), key))) {
        return { text: `it writes a row of ${collection}, whose policy its block changed`, isUnknown: false };
      }
      const own = rows.get(collectionId(namespace, collection), key)?.policy;
      const problem = check(collection, own === undefined ? byOwner : ownPolicy(own, options));
      if (problem !== undefined) return problem;
    }
  }
  return isAnyChecked ? undefined : check(`the chaincode ${namespace}`, policy);
}

type Judging = Pick<EndorsementOptions, 'configuration' | 'isLenient'>;

const named = (
  policy: SignaturePolicy,
  { configuration: { membership }, isLenient }: Judging,
): NamedPolicy => ({
  words: wordsOf(policy),
  holds: (endorsements) => satisfies(policy, { membership, ...(isLenient && { isLenient }) }, endorsements),
});

const ownPolicy = (bytes: Uint8Array, judging: Judging): NamedPolicy =>
  named(readSignaturePolicy(bytes), judging);

const peerOf = (owner: string, judging: Judging): NamedPolicy => named(anyOf(1, [owner], 'peer'), judging);

/** The organisation's own Endorsement policy. Its group may be named otherwise than its MSP; then its peer's word. */
function ownerPolicy(owner: string, judging: Judging): NamedPolicy {
  const { configuration, isLenient } = judging;
  const path = `/Channel/Application/${owner}/Endorsement`;
  const group = configuration.root.groups.get('Application')?.groups.get(owner);
  if (group?.policies.has('Endorsement') !== true) return peerOf(owner, judging);
  return { words: path, holds: (endorsements) => configuration.satisfies(path, endorsements, isLenient) };
}
