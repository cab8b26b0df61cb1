// Whether a statement of a gateway counts: it is of this ledger, an operator's certificate of that hospital signed it,
// and orderers signed the header that it shows. Who gives it to us is not asked: whoever passes it on cannot alter it.

import { ROLE_ATTRIBUTE } from '@consilium/domain';
import { headerHash } from '../blocks/block-header.ts';
import { checkOrderers } from '../blocks/orderer-check.ts';
import type { SignedBlockHeader } from '../bundle/signed-header.ts';
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { configurationOf } from '../channel/organisations.ts';
import { utf8Bytes } from '../wire/bytes.ts';
import { hex, sha256 } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { statementBytes, type WitnessStatement } from './witness-statement.ts';

/** How far a gateway's clock may be ahead of the one that judges. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** Whose certificate a gateway signs statements with. */
const ROLE = 'operator';

/** Why a statement does not count: a word for counting, and a sentence. */
export interface StatementProblem {
  readonly reason: 'channel' | 'genesis' | 'signer' | 'role' | 'time' | 'signature' | 'orderers';
  readonly text: string;
}

export interface StatementContext {
  readonly channel: string;
  readonly genesis: string;
  /** Under each of which the certificate has to be one of its hospital's: that of the block, and the present one. */
  readonly configurations: readonly ChannelConfiguration[];
  /** The time of who judges, where a statement is new: then the certificate must not have ended. */
  readonly nowMs?: number | undefined;
}

/** Why its signer's word does not count; undefined where it does. Orderers are looked at apart. */
export function signerProblem(
  statement: WitnessStatement,
  context: StatementContext,
): StatementProblem | undefined {
  const { channel, genesis, mspId } = statement;
  if (channel !== context.channel) return { reason: 'channel', text: `it is of the channel ${channel}` };
  if (genesis !== context.genesis) {
    const text = `it is of a ledger with the genesis block ${genesis}, and ${context.genesis} is trusted`;
    return { reason: 'genesis', text };
  }
  for (const configuration of context.configurations) {
    const problem = certificateProblem(statement, configuration, context.nowMs);
    if (problem !== undefined) return problem;
  }
  const [configuration] = context.configurations;
  const signed = {
    identity: identityOf(statement),
    data: statementBytes(statement),
    signature: statement.signature,
  };
  // Nothing covers it: in any other form it would be another file with the same meaning.
  const refusal = configuration?.membership.refusalOfUncovered(signed);
  if (refusal === undefined) return undefined;
  return { reason: 'signature', text: `${refusal}: ${mspId} did not sign it so` };
}

const identityOf = ({ mspId, certificate }: WitnessStatement) => ({
  mspId,
  pem: utf8Bytes(certificate),
});

function certificateProblem(
  statement: WitnessStatement,
  configuration: ChannelConfiguration,
  nowMs: number | undefined,
): StatementProblem | undefined {
  const { mspId, at } = statement;
  if (!configuration.mspIds.includes(mspId)) {
    return { reason: 'signer', text: `${mspId} is no organisation of the channel` };
  }
  try {
    const { certificate, invalidBecause } = configuration.membership.judge(identityOf(statement));
    if (invalidBecause !== undefined) return { reason: 'signer', text: `its signer: ${invalidBecause}` };
    if (certificate.attributes[ROLE_ATTRIBUTE] !== ROLE) {
      return { reason: 'role', text: `its signer has not the role ${ROLE}` };
    }
    return timeProblem(Date.parse(at), certificate, nowMs);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { reason: 'signer', text: `its signer: ${error.message}` };
  }
}

function timeProblem(
  atMs: number,
  { validFromDate, validToDate }: { readonly validFromDate: Date; readonly validToDate: Date },
  nowMs: number | undefined,
): StatementProblem | undefined {
  const at = new Date(atMs).toISOString();
  const of = (text: string): StatementProblem => ({ reason: 'time', text });
  if (atMs < validFromDate.getTime() - CLOCK_SKEW_MS) return of(`its certificate was not valid yet at ${at}`);
  if (atMs > validToDate.getTime()) return of(`its certificate was not valid any more at ${at}`);
  if (nowMs === undefined) return undefined;
  if (nowMs > validToDate.getTime()) return of('its certificate is not valid any more');
  return atMs > nowMs + CLOCK_SKEW_MS ? of(`it was signed at ${at}, which is in the future`) : undefined;
}

/** Why those who order under this configuration did not sign the header; undefined where they did. */
export function headerProblem(
  { header, orderers }: SignedBlockHeader,
  configuration: ChannelConfiguration,
): string | undefined {
  try {
    const checked = checkOrderers(header, orderers, configuration);
    return 'problem' in checked ? checked.problem : undefined;
  } catch (error) {
    if (error instanceof UnreadableError) return error.message;
    throw error;
  }
}

/** What a gateway that follows the channel knows of the block that a statement is about. */
export interface StatementPlace {
  readonly channel: string;
  readonly genesis: string;
  /** The block with the configuration in force at that block, whole. */
  readonly configuration: Uint8Array;
  /** The block with the present one. */
  readonly present: Uint8Array;
  readonly nowMs: number;
}

/** Why a statement that has just come does not count; undefined where it does. Orderers are looked at apart. */
export function statementProblem(
  statement: WitnessStatement,
  { channel, genesis, configuration, present, nowMs }: StatementPlace,
): StatementProblem | undefined {
  const configurations = [...new Set([keptConfiguration(configuration), keptConfiguration(present)])];
  return signerProblem(statement, { channel, genesis, configurations, nowMs });
}

/** Why those who order under the configuration in this block did not sign the header; undefined where they did. */
export const statementOrdererProblem = (
  shown: SignedBlockHeader,
  configurationBlock: Uint8Array,
): string | undefined => headerProblem(shown, keptConfiguration(configurationBlock));

/** SHA-256 of the header, in hexadecimal. */
export const statementHash = ({ header }: Pick<WitnessStatement, 'header'>): string =>
  hex(headerHash(header));

/** Reading one takes milliseconds, and each hospital's statement is judged under the same one or two. */
const KEPT_MAX = 4;
const kept = new Map<string, ChannelConfiguration>();

function keptConfiguration(block: Uint8Array): ChannelConfiguration {
  const key = hex(sha256(block));
  let found = kept.get(key);
  if (found === undefined) {
    found = configurationOf(block);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, found);
  }
  return found;
}
