// Works out shapes, constants and kinds of all values of a graph, node by node, and collects what is not supported.
import { type Constant, integers } from './constant.ts';
import { foldConstants, isFoldable } from './fold-constants.ts';
import type { Initialisers } from './initialisers.ts';
import { foldedShape, unfolded } from './merged-rows.ts';
import { type KnownValues, type OpNode, type Shape, UnsupportedOp } from './ops/op-rule.ts';
import { partsOfPRelu } from './ops/p-relu.ts';
import { shapeOfView } from './ops/parameter-view.ts';
import { isExplained, isRecurrent, refusalOf, ruleOf, supportedOperators } from './ops/registry.ts';
import { slicesOf } from './ops/split.ts';
import { describeNode, UnsupportedModelError } from './unsupported-model.ts';

interface Problem {
  readonly node: OpNode;
  readonly reason: string;
}

const isKnown = (node: OpNode): boolean =>
  ruleOf(node.opType) !== undefined || ['Split', 'PRelu'].includes(node.opType) || isFoldable(node);

export class Inference implements KnownValues {
  readonly kept: OpNode[] = [];
  readonly #problems: Problem[] = [];
  readonly #shapes = new Map<string, Shape>();
  readonly #constants: Map<string, Constant>;
  readonly #parameters: ReadonlySet<string>;
  readonly #discrete = new Set<string>();
  /** Values of nodes and initialisers that were refused, whose readers are not to be blamed. */
  readonly #unknown: Set<string>;
  /** Outputs of nodes beside the first, and whose they are. */
  readonly #besides = new Map<string, OpNode>();
  readonly #folded = new Set<string>();
  /** Weights in another shape, by the name of the value that has it. */
  readonly #views = new Map<string, string>();
  readonly #useCounts: Initialisers['useCounts'];

  constructor(input: readonly [name: string, shape: Shape], initialisers: Initialisers) {
    this.#shapes.set(...input);
    for (const { name, shape } of initialisers.parameters) this.#shapes.set(name, shape);
    this.#parameters = new Set(initialisers.parameters.map(({ name }) => name));
    this.#constants = initialisers.constants;
    this.#useCounts = initialisers.useCounts;
    this.#unknown = new Set(initialisers.unreadable);
  }

  readonly isParameter = (value: string): boolean => this.#parameters.has(value);
  readonly isDiscrete = (value: string): boolean => this.#discrete.has(value);
  readonly constantOf = (value: string): Constant | undefined => this.#constants.get(value);
  readonly shapeOf = (value: string): Shape => {
    const shape = this.#shapes.get(value) ?? this.#constants.get(value)?.shape;
    if (shape !== undefined) return shape;
    const origin = this.#besides.get(value);
    throw new UnsupportedOp(
      origin === undefined
        ? `its input ${value} is not computed before it`
        : `its input ${value} is a further output of node ${origin.name}, of which only the first is supported`,
    );
  };

  infer(read: OpNode): void {
    const node = { ...read, inputs: read.inputs.map((input) => this.#views.get(input) ?? input) };
    if (node.opType !== 'Split') {
      for (const output of node.outputs.slice(1)) this.#besides.set(output, node);
    }
    if (!isKnown(node)) {
      this.#refuse(node, refusalOf(node.opType));
      return;
    }
    if (node.inputs.some((input) => this.#unknown.has(input))) {
      for (const output of node.outputs) this.#unknown.add(output);
      return;
    }
    try {
      this.#inferKnown(node);
    } catch (cause) {
      if (!(cause instanceof UnsupportedOp)) throw cause;
      this.#refuse(node, cause.message);
    }
  }

  #inferKnown(node: OpNode): void {
    if (node.opType === 'Shape' && this.isFolded(node.inputs[0]!)) {
      throw new UnsupportedOp(
        'it takes the shape of rows that another axis is folded into: keep the rows apart',
      );
    }
    const constant = foldConstants(node, this);
    if (constant !== undefined) {
      this.#constants.set(node.output, constant);
      return;
    }
    const [input] = node.inputs;
    const view = input !== undefined && this.isParameter(input) ? shapeOfView(node, this) : undefined;
    if (view !== undefined && input !== undefined) {
      if (this.#useCounts.get(input) !== 1) {
        throw new UnsupportedOp(
          `its initialiser ${input} is used in another shape too: store it twice, or in one`,
        );
      }
      this.#shapes.set(input, view);
      this.#views.set(node.output, input);
      return;
    }
    if (node.opType === 'Split') {
      for (const part of slicesOf(node, this)) this.#inferKnown(part);
      return;
    }
    if (node.opType === 'PRelu') {
      for (const part of partsOfPRelu(node)) this.#inferKnown(part);
      return;
    }
    if (this.#fold(node)) return;
    const hasFolded = node.inputs.some(this.isFolded);
    this.#keep(hasFolded ? unfolded(node, this.isFolded, this) : node);
    if (hasFolded && node.opType !== 'Reshape') this.#folded.add(node.output);
  }

  /** Keeps a Reshape that folds an axis into the rows as one that does not. */
  #fold(node: OpNode): boolean {
    const shape = node.opType === 'Reshape' ? foldedShape(node, this) : undefined;
    if (shape === undefined) return false;
    const target = `${node.output} unfolded`;
    this.#constants.set(target, integers(shape));
    this.#keep({ ...node, inputs: [node.inputs[0]!, target] });
    this.#folded.add(node.output);
    return true;
  }

  #keep(node: OpNode): void {
    const rule = ruleOf(node.opType);
    if (rule === undefined) throw new UnsupportedOp('it computes on data, where constants are wanted');
    for (const input of node.inputs.filter((name) => name !== '')) this.shapeOf(input);
    this.#shapes.set(node.output, rule.inferShape(node, this));
    if (rule.isDiscrete?.(node, this)) this.#discrete.add(node.output);
    this.kept.push(node);
  }

  /** Whether an axis of each row is folded into the value's first one. */
  readonly isFolded = (value: string): boolean => this.#folded.has(value);

  #refuse(node: OpNode, reason: string): void {
    this.#problems.push({ node, reason });
    for (const output of node.outputs) this.#unknown.add(output);
  }

  /**
   * What an exporter does to prepare the input and the first state of a recurrent layer is not told apart from it.
   *
   * @throws UnsupportedModelError naming every node that was refused, after the problems given
   */
  throwProblems(nodes: readonly OpNode[], before: readonly string[]): void {
    const recurrent = this.#problems.filter(({ node }) => isRecurrent(node.opType));
    const prepared = new Set(recurrent.flatMap(({ node }) => node.inputs));
    for (const node of nodes.toReversed()) {
      if (!node.outputs.some((output) => prepared.has(output))) continue;
      for (const input of node.inputs) prepared.add(input);
    }
    const told = this.#problems.filter(
      (problem) =>
        recurrent.includes(problem) || !problem.node.outputs.some((output) => prepared.has(output)),
    );
    const problems = [...before, ...told.map(({ node, reason }) => describeNode(node, reason))];
    if (problems.length === 0) return;
    const isUnknown = ({ node }: Problem) => !isKnown(node) && !isExplained(node.opType);
    throw new UnsupportedModelError(problems, told.some(isUnknown) ? supportedOperators() : undefined);
  }
}
