// Who accepted whose update in a round: hospitals that judge as rows, updates as columns.
import { groundsOf, type RoundDossier, type Study } from '@consilium/domain';

/** What one hospital said of one update. */
export type Judgement =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject'; readonly reason: string }
  /** It has not judged: not yet, or not before the verdicts were counted. */
  | { readonly kind: 'silent' }
  /** It may not, or may no more: its consent is withdrawn. */
  | { readonly kind: 'none' };

export interface MatrixRow {
  readonly mspId: string;
  readonly judgements: readonly Judgement[];
  /** Of the candidate, which is the aggregate of what was accepted. */
  readonly accepted: boolean | undefined;
  /** Why it rejects, from its own recorded scores. */
  readonly grounds: ReturnType<typeof groundsOf>;
  /** It signed two statements: its support does not count. */
  readonly isDisqualified: boolean;
}

export interface MatrixColumn {
  readonly datasetId: string;
  readonly mspId: string;
  readonly state: 'included' | 'excluded' | 'withdrawn' | 'pending';
}

export interface VerdictMatrix {
  readonly columns: readonly MatrixColumn[];
  readonly rows: readonly MatrixRow[];
}

/** The matrix of a round; undefined while there is no candidate to judge. */
export function matrixOf(
  { round, verdicts, updates }: RoundDossier,
  study: Pick<Study, 'validation'>,
): VerdictMatrix | undefined {
  const judged =
    round.updates ?? (verdicts.length > 0 ? updates.map(({ datasetId }) => datasetId) : undefined);
  if (judged === undefined) return undefined;
  const withdrawn = new Set(round.withdrawn ?? []);
  const ownerOf = (datasetId: string) =>
    round.participants.find((participant) => participant.datasetId === datasetId)?.mspId ?? '';
  const columns = judged.map((datasetId): MatrixColumn => {
    const state = withdrawn.has(datasetId)
      ? 'withdrawn'
      : round.included?.includes(datasetId)
        ? 'included'
        : round.excluded?.some((exclusion) => exclusion.datasetId === datasetId)
          ? 'excluded'
          : 'pending';
    return { datasetId, mspId: ownerOf(datasetId), state };
  });
  const rows = round.validators.map((mspId): MatrixRow => {
    const verdict = verdicts.find((one) => one.mspId === mspId);
    const own = round.participants.filter((participant) => participant.mspId === mspId);
    const isOut = own.length > 0 && own.every(({ datasetId }) => withdrawn.has(datasetId));
    const judgements = judged.map((datasetId): Judgement => {
      const decision = verdict?.decisions.find((one) => one.datasetId === datasetId);
      if (decision === undefined) return { kind: isOut ? 'none' : 'silent' };
      return decision.decision === 'accept'
        ? { kind: 'accept' }
        : { kind: 'reject', reason: decision.reason };
    });
    return {
      mspId,
      judgements,
      accepted: verdict?.accepted,
      grounds: verdict === undefined ? undefined : groundsOf(verdict, study),
      isDisqualified: round.disqualified?.includes(mspId) ?? false,
    };
  });
  return { columns, rows };
}
