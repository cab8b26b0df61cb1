// The options that say what is looked at beside the scores: thresholds, and parts of the rows.

import { InputError, positiveNumber } from '@consilium/command-line';
import type { EncodedFeature, EncodedTarget } from '@consilium/domain';
import { problemsOfQuestions, type Questions } from '../scoring/assess-rows.ts';

export const ASSESSMENT_OPTIONS = {
  by: { type: 'string', multiple: true, default: [] as string[] },
  threshold: { type: 'string', multiple: true, default: [] as string[] },
} as const;

export const ASSESSMENT_OPTIONS_HELP = `\
  --by FEATURE             scores and calibration by category of a yes/no, categorical or code feature too; may be
                           repeated
  --threshold P            sensitivity and specificity of acting from this probability on; may be repeated; by default
                           0.1, 0.2, 0.3 and 0.5
`;

/** Public numbers, which no patient has moved. */
const DEFAULT_THRESHOLDS = [0.1, 0.2, 0.3, 0.5] as const;

export interface AssessmentTexts {
  readonly by: readonly string[];
  readonly threshold: readonly string[];
}

/** @throws InputError naming every problem and its remedy */
export function questionsOf(
  { by, threshold }: AssessmentTexts,
  model: { readonly encoding: readonly EncodedFeature[]; readonly target: EncodedTarget },
): Questions {
  const given = threshold.map((text) => positiveNumber(text, 'threshold', { below: 1 })!);
  const problems = problemsOfQuestions({ by, thresholds: given }, model);
  if (problems.length > 0) throw new InputError(problems);
  const isYesNo = model.target.kind === 'binary';
  const thresholds = given.length > 0 ? given : isYesNo ? DEFAULT_THRESHOLDS : [];
  return { by: [...new Set(by)], thresholds: [...new Set(thresholds)].sort((a, b) => a - b) };
}
