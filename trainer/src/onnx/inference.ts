// Works out shapes, constants and kinds of all values of a graph, node by node, and collects what is not supported.
import { arranged } from './arrange-rows.ts';
import { type Constant, type Count, integers } from './constant.ts';
import { foldConstants, isFoldable } from './fold-constants.ts';
import type { Initialisers } from './initialisers.ts';
import { partsOfEinsum } from './ops/einsum.ts';
import { type KnownValues, type OpNode, type Shape, UnsupportedOp } from './ops/op-rule.ts';
import { partsOfPRelu } from './ops/p-relu.ts';
import { shapeOfView } from './ops/parameter-view.ts';
import {
  isExplained,
  isRecurrent,
  REWRITTEN,
  refusalOf,
  ruleOf,
  supportedOperators,
} from './ops/registry.ts';
import { slicesOf } from './ops/split.ts';
import { graphShape, innerShape, isPlain, type Layout, plainLayout, withExtents } from './rows-layout.ts';
import { describeNode, UnsupportedModelError } from './unsupported-model.ts';

interface Problem {
  readonly node: OpNode;
  readonly reason: string;
}

const isKnown = (node: OpNode): boolean =>
  ruleOf(node.opType) !== undefined || REWRITTEN.includes(node.opType) || isFoldable(node);

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
  /** Where the graph has the rows, of values that it does not have as the engine keeps them. */
  readonly #layouts = new Map<string, Layout>();
  /** Weights in another shape, by the name of the value that has it. */
  readonly #views = new Map<string, string>();
  readonly #useCounts: Initialisers['useCounts'];

  constructor(input: readonly [name: string, shape: Shape], initialisers: Initialisers) {
    this.#shapes.set(...input);
    const weights = [...initialisers.parameters, ...initialisers.frozen];
    for (const { name, shape } of weights) this.#shapes.set(name, shape);
    this.#parameters = new Set(weights.map(({ name }) => name));
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
    const node = this.#resolved(read);
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

  /** The node, reading weights that were given another shape by their names. */
  #resolved(node: OpNode): OpNode {
    return { ...node, inputs: node.inputs.map((input) => this.#views.get(input) ?? input) };
  }

  #inferKnown(node: OpNode): void {
    const constant = foldConstants(node, this, this.#graphShapeOf);
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
    const parts = this.#partsOf(node);
    if (parts !== undefined) {
      for (const part of parts) this.#inferKnown(this.#resolved(part));
      return;
    }
    const rewritten = arranged(node, this, this.isMoved);
    if (rewritten === undefined || (isPlain(rewritten.layout) && !node.inputs.some(this.isMoved))) {
      this.#keep(node);
      return;
    }
    const { node: inner, layout, target } = rewritten;
    if (target !== undefined) this.#constants.set(target, integers(innerShape(layout)));
    this.#keep(inner);
    const after = withExtents(layout, this.shapeOf(node.output));
    if (!isPlain(after)) this.#layouts.set(node.output, after);
  }

  /** What stands for an operator that has no rule of its own. */
  #partsOf(node: OpNode): readonly OpNode[] | undefined {
    if (node.opType === 'Split') return slicesOf(node, graphShape(this.layoutOf(node.inputs[0]!)), this);
    if (node.opType === 'PRelu') return partsOfPRelu(node);
    return node.opType === 'Einsum' ? partsOfEinsum(node, this, this.#graphShapeOf) : undefined;
  }

  #keep(node: OpNode): void {
    const rule = ruleOf(node.opType);
    if (rule === undefined) throw new UnsupportedOp('it computes on data, where constants are wanted');
    for (const input of node.inputs.filter((name) => name !== '')) this.shapeOf(input);
    this.#shapes.set(node.output, rule.inferShape(node, this));
    if (rule.isDiscrete?.(node, this)) this.#discrete.add(node.output);
    this.kept.push(node);
  }

  /** Whether the graph has the value's rows elsewhere than first, or with an axis folded into them. */
  readonly isMoved = (value: string): boolean => this.#layouts.has(value);
  readonly #graphShapeOf = (value: string): readonly Count[] =>
    this.isMoved(value) ? graphShape(this.layoutOf(value)) : this.shapeOf(value);
  readonly layoutOf = (value: string): Layout => this.#layouts.get(value) ?? plainLayout(this.shapeOf(value));

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
