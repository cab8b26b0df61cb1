// One thing for which a graph cannot be trained. Programs read its parts, people the sentence that they make.
/** A problem of a model, by what of its graph has it. */
export interface ModelProblem {
  /** `node NAME (OPERATOR)`, `initialiser NAME`, `input NAME`, `output NAME`, `metadata KEY`, or `graph`. */
  readonly field: string;
  /** What is wrong with it, and follows its name in a sentence, or after a colon: ': it mixes rows'. */
  readonly text: string;
  /** What to do, where the text does not say so. */
  readonly remedy?: string;
  /** The node that has it, by its name in the file, where one has. */
  readonly node?: string;
  /** That node's operator. */
  readonly operator?: string;
}

export const modelProblem = (field: string, text: string, remedy?: string): ModelProblem => ({
  field,
  text,
  ...(remedy !== undefined && { remedy }),
});

/** A problem of the graph as a whole. */
export const graphProblem = (text: string, remedy?: string): ModelProblem =>
  modelProblem('graph', `: ${text}`, remedy);

/** A problem of one node. */
export const nodeProblem = (
  { name, opType }: { readonly name: string; readonly opType: string },
  text: string,
  remedy?: string,
): ModelProblem => ({
  ...modelProblem(`node ${name} (${opType})`, `: ${text}`, remedy),
  node: name,
  operator: opType,
});

/** The sentence: 'node conv1 (Mish): the operator is not supported: write the layer in supported ones'. */
export const modelSentence = ({ field, text, remedy }: ModelProblem): string =>
  `${field}${text.startsWith(':') ? '' : ' '}${text}${remedy === undefined ? '' : `: ${remedy}`}`;
