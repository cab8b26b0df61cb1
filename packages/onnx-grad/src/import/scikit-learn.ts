// Rewrites what skl2onnx exports in the operators of ai.onnx.ml (a linear model's weights are attributes there) into
// standard operators, so that the weights are initialisers and can be trained.

import { valueInfo } from '../format/graph-writer.ts';
import { nodeProblem } from '../format/model-problem.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  ELEMENT_TYPE,
  type ModelProto,
  type NodeProto,
} from '../format/onnx-schema.ts';
import { floatTensor } from '../format/tensor-data.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { withNamedCoefficients } from './generalised-linear.ts';

const ML_DOMAIN = 'ai.onnx.ml';
const REWRITTEN = ['LinearClassifier', 'LinearRegressor', 'Scaler', 'Normalizer', 'ZipMap'];

const attribute = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attribute.find((candidate) => candidate.name === name);
const floatsOf = (node: NodeProto, name: string): readonly number[] => attribute(node, name)?.floats ?? [];
const stringOf = (node: NodeProto, name: string, otherwise: string): string => {
  const bytes = attribute(node, name)?.s;
  return bytes === undefined ? otherwise : new TextDecoder().decode(bytes);
};

class Rewriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: ModelProto['graph']['initializer'] = [];
  logit: string | undefined;
  probabilities: string | undefined;
  /** What a map of probabilities by class is made of. */
  mapped: string | undefined;

  rewrite(node: NodeProto): void {
    const rules: Readonly<Record<string, (node: NodeProto) => void>> = {
      LinearClassifier: (classifier) => this.#classifier(classifier),
      LinearRegressor: (regressor) => this.#regressor(regressor),
      Scaler: (scaler) => this.#scaler(scaler),
      Normalizer: (normalizer) => this.#normalizer(normalizer),
      ZipMap: ({ input }) => {
        this.mapped = input[0];
      },
    };
    const isRewritten = node.domain === ML_DOMAIN && Object.hasOwn(rules, node.opType);
    const rule = isRewritten ? rules[node.opType] : undefined;
    if (rule === undefined) this.nodes.push(node);
    else rule(node);
  }

  #append(opType: string, input: string[], output: string, attributes: AttributeProto[] = []): string {
    this.nodes.push({
      name: `${opType} of ${output}`,
      opType,
      input,
      output: [output],
      attribute: attributes,
    });
    return output;
  }

  #constant(output: string, values: readonly number[]): string {
    const t = floatTensor({ name: output, shape: values.length === 1 ? [] : [values.length] }, values);
    return this.#append('Constant', [], output, [{ name: 'value', type: ATTRIBUTE_TYPE.tensor, t }]);
  }

  /** Gemm of the rows of coefficients given: their transposed matrix is what is trained. */
  #dense(node: NodeProto, rows: readonly number[], output: string): string {
    if (this.logit !== undefined) {
      const remedy = 'export one, for several classes a multinomial LogisticRegression';
      throw new UnsupportedModelError([nodeProblem(node, 'it is a second linear model', remedy)]);
    }
    const coefficients = floatsOf(node, 'coefficients');
    const stored = floatsOf(node, 'intercepts');
    const count = Math.max(1, stored.length);
    const features = coefficients.length / count;
    if (!Number.isInteger(features) || features === 0) {
      const reason = `it has ${coefficients.length} coefficients for ${count} classes`;
      throw new UnsupportedModelError([nodeProblem(node, reason, 'export it again')]);
    }
    const weights = rows.flatMap((row) => coefficients.slice(row * features, (row + 1) * features));
    const shape = [rows.length, features];
    this.initializers.push(floatTensor({ name: 'coefficients', shape }, weights));
    const intercepts = rows.map((row) => stored[row] ?? 0);
    this.initializers.push(floatTensor({ name: 'intercepts', shape: [rows.length] }, intercepts));
    const transB = { name: 'transB', type: ATTRIBUTE_TYPE.int, i: 1 };
    this.logit = this.#append('Gemm', [node.input[0]!, 'coefficients', 'intercepts'], output, [transB]);
    return output;
  }

  #classifier(node: NodeProto): void {
    const classes = floatsOf(node, 'intercepts').length;
    const transform = stringOf(node, 'post_transform', 'NONE');
    const probabilities = node.output[1]!;
    if (classes === 2 && transform === 'LOGISTIC') {
      const one = this.#constant(`${probabilities}_one`, [1]);
      const yes = this.#append('Sigmoid', [this.#dense(node, [1], 'logit')], `${probabilities}_yes`);
      const no = this.#append('Sub', [one, yes], `${probabilities}_no`);
      const axis = { name: 'axis', type: ATTRIBUTE_TYPE.int, i: 1 };
      this.#append('Concat', [no, yes], probabilities, [axis]);
    } else if (classes >= 2 && transform === 'SOFTMAX') {
      const rows = Array.from({ length: classes }, (_, row) => row);
      const axis = { name: 'axis', type: ATTRIBUTE_TYPE.int, i: 1 };
      this.#append('Softmax', [this.#dense(node, rows, 'logit')], probabilities, [axis]);
    } else {
      const reason =
        `${classes} classes with post_transform ${transform}: only logistic regression of two classes and ` +
        'multinomial regression of more can be trained';
      throw new UnsupportedModelError([nodeProblem(node, reason)]);
    }
    this.probabilities = probabilities;
  }

  #regressor(node: NodeProto): void {
    const rows = Array.from({ length: Math.max(1, floatsOf(node, 'intercepts').length) }, (_, row) => row);
    this.#dense(node, rows, 'logit');
  }

  #scaler(node: NodeProto): void {
    const [input, output] = [node.input[0]!, node.output[0]!];
    const offset = this.#constant(`${output}_offset`, floatsOf(node, 'offset'));
    const scale = this.#constant(`${output}_scale`, floatsOf(node, 'scale'));
    this.#append('Mul', [this.#append('Sub', [input, offset], `${output}_centred`), scale], output);
  }

  /** Probabilities of a softmax or a sigmoid sum to 1 already; of anything else it is an operator of its own. */
  #normalizer(node: NodeProto): void {
    if (node.input[0] !== this.probabilities) {
      this.nodes.push(node);
      return;
    }
    this.probabilities = this.#append('Identity', [node.input[0]!], node.output[0]!);
  }
}

/**
 * The model in standard operators: the same object where it has no others.
 *
 * A linear classifier's graph then has the outputs `logit` and its probabilities; its weights are `coefficients` and
 * `intercepts`. Labels and maps of probabilities by class are left out. A scaler's numbers are constants. Of a
 * generalised linear model, the weights get these names (`withNamedCoefficients`).
 *
 * @throws UnsupportedModelError for one-versus-rest classifiers, and other linear models than logistic regression.
 */
export function withStandardOperators(original: ModelProto): ModelProto {
  const model = withNamedCoefficients(original);
  const isRewritten = ({ domain, opType }: NodeProto) => domain === ML_DOMAIN && REWRITTEN.includes(opType);
  if (!model.graph.node.some(isRewritten)) return model;
  const rewriter = new Rewriter();
  for (const node of model.graph.node) rewriter.rewrite(node);
  const { logit, probabilities = rewriter.mapped } = rewriter;
  const found = [logit, probabilities].filter((output) => output !== undefined);
  const outputs = found.length > 0 ? found : model.graph.output.map(({ name }) => name);
  const wanted = new Set(outputs);
  const nodes = rewriter.nodes.toReversed().filter((node) => {
    if (!node.output.some((output) => wanted.has(output))) return false;
    for (const input of node.input) wanted.add(input);
    return true;
  });
  const version = Math.max(
    13,
    ...model.opsetImport.filter(({ domain }) => !domain).map((set) => set.version),
  );
  return {
    ...model,
    opsetImport: [{ domain: '', version }],
    graph: {
      ...model.graph,
      node: nodes.reverse(),
      initializer: [...model.graph.initializer, ...rewriter.initializers],
      output:
        found.length > 0
          ? found.map((name) => valueInfo(name, { elementType: 'float', shape: ['rows', `${name}_columns`] }))
          : model.graph.output,
      valueInfo: [],
    },
  };
}

/** Whether a graph output holds floating-point numbers: not a label, not a map. */
export function isFloatOutput({ type }: ModelProto['graph']['output'][number]): boolean {
  return type?.tensorType?.elemType === ELEMENT_TYPE.float;
}
