// What is wrong with a study before it is sent, by the ledger's own rules, and where on the form it is said.
import {
  type Dataset,
  DomainError,
  type ErrorCode,
  type Problem,
  ProposeStudy,
  problem,
  type StudyRow,
  validate,
} from '@consilium/domain';
import { proposeStudy } from '@consilium/domain/rules';
import { FIELDS } from './draft.ts';

/** A study that the rules take, as the row that it would be; or what they refuse. */
export type Checked =
  | { readonly row: StudyRow; readonly problems: readonly [] }
  | { readonly row: undefined; readonly problems: readonly Problem[] };

/** The field that a refusal without one is about. */
const FIELD_OF: Partial<Record<string, string>> = {
  STUDY_EXISTS: 'studyId',
  DATASET_NOT_FOUND: 'datasets',
  REQUESTER_NOT_ALLOWED: 'datasets',
  TERMS_EXPIRED: 'datasets',
  LABEL_NOT_SCORED: 'datasets',
  ENCODING_MISMATCH: 'datasets',
  PURPOSE_NOT_ALLOWED: 'purpose',
} satisfies Partial<Record<ErrorCode, string>>;

/** A refusal by its fields, whoever refused: the rules in the page, or the gateway. */
export function refusedBy(refusal: {
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly {
    readonly field?: string;
    readonly text?: string;
    readonly remedy?: string;
  }[];
}): readonly Problem[] {
  const { code, detail, problems = [] } = refusal;
  const named = problems.flatMap(({ field, text, remedy }): Problem[] =>
    field === undefined || text === undefined ? [] : [problem(field, text, remedy)],
  );
  return named.length > 0 ? named : [problem(FIELD_OF[code] ?? '', detail)];
}

/** @param wanted the rows of the datasets that it names, in their order, as far as they are there */
export function checkStudy(
  study: unknown,
  context: { readonly requester: string; readonly at: string; readonly wanted: readonly Dataset[] },
): Checked {
  try {
    const sound = validate(ProposeStudy, study);
    return { row: proposeStudy(sound, { ...context, existing: undefined }), problems: [] };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { row: undefined, problems: refusedBy(error) };
  }
}

/** Places of the form where a problem is said; the whole form where it is of none of them. */
export const PLACES = [...FIELDS, 'datasets', 'model', 'form'] as const;
export type Place = (typeof PLACES)[number];

/** Where a problem is said: at its field, or at the field that it is a part of. */
export function placeOf(field: string): Place {
  for (let path = field; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('.'), 0))) {
    const found = PLACES.find((place) => place === path);
    if (found !== undefined) return found;
  }
  return 'form';
}
