// What a statement of another hospital's gateway says beside the own history.
import {
  type StatementProblem,
  statementHash,
  statementOrdererProblem,
  statementProblem,
  type WitnessStatement,
} from '@consilium/verify';
import type { CheckedBlocks } from '../read-model/checked-blocks.ts';
import { genesisOf } from './own-statements.ts';

export type Judgement =
  /** It saw the block that this gateway has. */
  | { readonly kind: 'same' }
  /** This gateway is not there yet. Who orders then is not known either. */
  | { readonly kind: 'ahead' }
  | {
      /** It saw another block. */
      readonly kind: 'another';
      /** Why orderers did not sign that one by the configuration that is known here; undefined where they did. */
      readonly unsigned: string | undefined;
      /** Whether the present configuration does not take those signatures any more. */
      readonly isRetired: boolean;
    }
  | { readonly kind: 'refused'; readonly problem: StatementProblem };

export interface JudgedBeside {
  readonly channel: string;
  /** With one block at least. */
  readonly blocks: CheckedBlocks;
  readonly nowMs: number;
}

export function judgeStatement(
  statement: WitnessStatement,
  { channel, blocks, nowMs }: JudgedBeside,
): Judgement {
  const tip = blocks.tip()!;
  const known = blocks.block(statement.header.number);
  const present = tip.configuration;
  const configuration = known?.configuration ?? present;
  const genesis = genesisOf(blocks);
  const problem = statementProblem(statement, { channel, genesis, configuration, present, nowMs });
  if (problem !== undefined) return { kind: 'refused', problem };
  if (known === undefined) return { kind: 'ahead' };
  const unsigned = statementOrdererProblem(statement, configuration);
  if (statementHash(statement) !== Buffer.from(known.hash).toString('hex')) {
    const isRetired = unsigned === undefined && statementOrdererProblem(statement, present) !== undefined;
    return { kind: 'another', unsigned, isRetired };
  }
  return unsigned === undefined
    ? { kind: 'same' }
    : { kind: 'refused', problem: { reason: 'orderers', text: unsigned } };
}
