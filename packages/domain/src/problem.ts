// One thing that is wrong with what somebody gave. Programs read the field, people the sentence that all parts make.
/** One thing that is wrong, by its field. `sentenceOf` makes the sentence. */
export interface Problem {
  /** The field by its path, such as `training.momentum` or `datasets.0`. */
  readonly field: string;
  /** What is wrong with it, and follows its name in a sentence, 'must be below 1', or after a colon, ': text'. */
  readonly text: string;
  /** What to do, where the text does not say so: 'leave it out'. */
  readonly remedy?: string;
}

/** A problem from its parts. */
export const problem = (field: string, text: string, remedy?: string): Problem => ({
  field,
  text,
  ...(remedy !== undefined && { remedy }),
});

/** The sentence: 'training.momentum must be below 1'. */
export const sentenceOf = ({ field, text, remedy }: Problem): string =>
  `${field}${text.startsWith(':') ? '' : ' '}${text}${remedy === undefined ? '' : `: ${remedy}`}`;

/** Problems of a part, named as the whole names them. */
export const within = (whole: string, problems: readonly Problem[]): Problem[] =>
  problems.map((one) => ({ ...one, field: `${whole}.${one.field}` }));
