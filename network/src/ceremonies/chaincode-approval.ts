// Approves a chaincode's definition for one's own organisation, after its administrator signed the ceremony, and
// commits it once organisations that suffice have approved it. Each runs it at its own place, for its own organisation.
import { isDeepStrictEqual } from 'node:util';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import { type Asking, type Call, evaluate, FabricNodeError, transact } from './fabric-nodes.ts';
import { administratorOf, type OwnPlace, placeOf } from './own-place.ts';
import { LIFECYCLE, missingFor, reviewCeremony } from './review.ts';
import { SubmissionError } from './submit.ts';

const { lifecycle } = fabricProtos.peer;
const CHAINCODE = '_lifecycle';

/** What came of an approval. */
export interface ApprovalOutcome {
  readonly isCommitted: boolean;
  /** Whether it was before anything was sent. */
  readonly wasCommitted: boolean;
  /** Who has to approve it besides; empty where it is committed. */
  readonly missing: string;
}

/**
 * @param packageId of the package that the own peer has installed; without one, and where the place knows none, the
 *   peer only agrees
 * @throws SubmissionError where the own administrator has not signed, or the peers refuse; RefusedCeremonyError
 */
export async function approveChaincode(
  ceremony: Ceremony,
  own: OwnPlace,
  packageId: string | undefined,
): Promise<ApprovalOutcome> {
  const { channel, mspId, peer } = own;
  if (peer === undefined)
    throw new SubmissionError(`${own.file} names no peer: a chaincode is approved by one's own`);
  const place = await placeOf(own, {});
  const { signatures } = reviewCeremony(ceremony, place);
  if (!signatures.some((one) => one.mspId === mspId)) {
    throw new SubmissionError(`not approved: the administrator of ${mspId} has not signed this file`);
  }
  const asking = { channel, identity: administratorOf(own) };
  const definition = lifecycle.CommitChaincodeDefinitionArgs.deserializeBinary(ceremony.bytes);
  const installed = packageId ?? own.packageOf?.(definition.getName(), definition.getVersion());
  const committed = { isCommitted: true, wasCommitted: false, missing: '' };
  try {
    // Submitted before, or by another organisation.
    if (await isCommitted(definition, peer, asking)) return { ...committed, wasCommitted: true };
    const before = await approvals(definition, peer, asking);
    if (before.get(mspId) !== true) {
      const argument = approvalOf(definition, installed).serializeBinary();
      const call = { chaincode: CHAINCODE, function: 'ApproveChaincodeDefinitionForMyOrg', argument };
      await transact(peer, { ...call, organisations: [mspId] }, asking);
    }
    const approved = [...(await approvals(definition, peer, asking))]
      .filter(([, does]) => does)
      .map(([name]) => name);
    const missing = missingFor(LIFECYCLE, place.configuration!, new Set(approved));
    if (missing !== '') return { isCommitted: false, wasCommitted: false, missing };
    const argument = ceremony.bytes;
    const commit = { chaincode: CHAINCODE, function: 'CommitChaincodeDefinition', argument };
    await byThoseWhoApproved(approved, (some) => transact(peer, { ...commit, ...some }, asking));
    return committed;
  } catch (cause) {
    if (!(cause instanceof FabricNodeError)) throw cause;
    if (await isCommitted(definition, peer, asking)) return committed;
    throw new SubmissionError(`the channel does not have it: ${inOurWords(cause.message)}`, { cause });
  }
}

/** The peer of an organisation that has not approved does not endorse. */
const NOT_APPROVED = /chaincode definition not agreed to by this org/;

/**
 * Sends by the peers that the own one chooses; where it chose one of an organisation that has not approved, as one that
 * has just started and knows few others does, by those alone whose organisations have.
 */
export async function byThoseWhoApproved(
  approved: readonly string[],
  send: (endorsers: Pick<Call, 'organisations'>) => Promise<unknown>,
): Promise<void> {
  try {
    await send({});
  } catch (error) {
    if (!(error instanceof FabricNodeError && NOT_APPROVED.test(error.message))) throw error;
    await send({ organisations: approved });
  }
}

type Definition = InstanceType<typeof lifecycle.CommitChaincodeDefinitionArgs>;

function inOurWords(words: string): string {
  return /new definition must be sequence (\d+)|requested sequence is/.test(words)
    ? `${words} (the sequence is outdated: propose the definition again)`
    : words;
}

/** Whether the channel has this very definition; not where the peer does not answer that. */
async function isCommitted(definition: Definition, peer: NonNullable<OwnPlace['peer']>, asking: Asking) {
  const argument = new lifecycle.QueryChaincodeDefinitionArgs();
  argument.setName(definition.getName());
  const call = {
    ...{ chaincode: CHAINCODE, function: 'QueryChaincodeDefinition', argument: argument.serializeBinary() },
    organisations: [asking.identity.mspId],
  };
  try {
    const found = lifecycle.QueryChaincodeDefinitionResult.deserializeBinary(
      await evaluate(peer, call, asking),
    );
    const fields = (one: Definition | typeof found) => [
      ...[one.getSequence(), one.getVersion(), one.getInitRequired()],
      ...[one.getEndorsementPlugin(), one.getValidationPlugin()],
      Buffer.from(one.getValidationParameter_asU8()).toString('hex'),
    ];
    return isDeepStrictEqual(fields(found), fields(definition));
  } catch (error) {
    // Of a name that the channel does not have.
    if (error instanceof FabricNodeError) return false;
    throw error;
  }
}

/** Which organisations have approved it. */
async function approvals(definition: Definition, peer: NonNullable<OwnPlace['peer']>, asking: Asking) {
  const asked = withDefinition(new lifecycle.CheckCommitReadinessArgs(), definition);
  const call = { chaincode: CHAINCODE, function: 'CheckCommitReadiness', argument: asked.serializeBinary() };
  const answer = await evaluate(peer, { ...call, organisations: [asking.identity.mspId] }, asking);
  return new Map(lifecycle.CheckCommitReadinessResult.deserializeBinary(answer).getApprovalsMap().entries());
}

function approvalOf(definition: Definition, packageId: string | undefined) {
  const approval = withDefinition(new lifecycle.ApproveChaincodeDefinitionForMyOrgArgs(), definition);
  const source = new lifecycle.ChaincodeSource();
  if (packageId === undefined) source.setUnavailable(new lifecycle.ChaincodeSource.Unavailable());
  else {
    const local = new lifecycle.ChaincodeSource.Local();
    local.setPackageId(packageId);
    source.setLocalPackage(local);
  }
  approval.setSource(source);
  return approval;
}

type Definable = Pick<
  Definition,
  | 'setSequence'
  | 'setName'
  | 'setVersion'
  | 'setEndorsementPlugin'
  | 'setValidationPlugin'
  | 'setValidationParameter'
  | 'setInitRequired'
>;

function withDefinition<T extends Definable>(target: T, definition: Definition): T {
  target.setSequence(definition.getSequence());
  target.setName(definition.getName());
  target.setVersion(definition.getVersion());
  target.setEndorsementPlugin(definition.getEndorsementPlugin());
  target.setValidationPlugin(definition.getValidationPlugin());
  target.setValidationParameter(definition.getValidationParameter_asU8());
  target.setInitRequired(definition.getInitRequired());
  return target;
}
