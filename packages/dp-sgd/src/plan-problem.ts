// One thing that is wrong with a training plan. Programs read the field, people the sentence that all parts make.
/** A problem of a plan, by its field. */
export interface PlanProblem {
  /** By its path in the plan, such as `optimizer.momentum`. */
  readonly field: string;
  /** What is wrong with it, and follows its name in a sentence, or after a colon: ': scaffold needs …'. */
  readonly text: string;
  /** What to do, where the text does not say so. */
  readonly remedy?: string;
}

export const planProblem = (field: string, text: string, remedy?: string): PlanProblem => ({
  field,
  text,
  ...(remedy !== undefined && { remedy }),
});

/** The sentence: 'optimizer.momentum must be at least 0 and below 1'. */
export const planSentence = ({ field, text, remedy }: PlanProblem): string =>
  `${field}${text.startsWith(':') ? '' : ' '}${text}${remedy === undefined ? '' : `: ${remedy}`}`;
