// One thing that is wrong with what somebody gave: programs read the field, people the sentence that all parts make.
// Problems of the domain and of a training plan have the same shape.
/** One thing that is wrong, by its field. `sentenceOf` makes the sentence. */
export interface Problem {
  /** An option, a variable, or the path of a field in a file; empty where the text says it all. */
  readonly field: string;
  /** What is wrong with it, and follows its name in a sentence, or after a colon: ': no such file'. */
  readonly text: string;
  /** What to do, where the text does not say so. */
  readonly remedy?: string;
  /** Of a file. */
  readonly line?: number;
}

/** The sentence: 'CONSILIUM_PORT is not set: the port to listen on'. */
export function sentenceOf({ field, text, remedy, line }: Problem): string {
  const where = `${field}${line === undefined ? '' : ` (line ${line})`}`;
  const space = where === '' || text.startsWith(':') ? '' : ' ';
  return `${where}${space}${text}${remedy === undefined ? '' : `: ${remedy}`}`;
}
