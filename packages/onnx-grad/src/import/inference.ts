// Infers shapes, constants and kinds of all values of a graph, node by node, and collects what is not supported.

import { areNumbers, type Constant, type Count, integers } from '../format/constant.ts';
import { CONSTANT_READS, MAXIMUM_RANK } from '../format/graph-limits.ts';
import { type ModelProblem, nodeProblem } from '../format/model-problem.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { castOfLike } from '../ops/cast.ts';
import { partsOfEinsum } from '../ops/einsum.ts';
import { type KnownValues, type OpNode, type Shape, UnsupportedOp } from '../ops/op-rule.ts';
import { partsOfPRelu } from '../ops/p-relu.ts';
import { isSameView, viewOf, type WeightView } from '../ops/parameter-view.ts';
import {
  isExplained,
  isRecurrent,
  REWRITTEN,
  refusalOf,
  ruleOf,
  supportedOperators,
} from '../ops/registry.ts';
import { slicesOf } from '../ops/split.ts';
import { arranged } from './arrange-rows.ts';
import { foldConstants, isFoldable } from './fold-constants.ts';
import type { Initialisers } from './initialisers.ts';
import type { KnownConstants } from './known-constants.ts';
import { graphShape, innerShape, isPlain, type Layout, plainLayout, withExtents } from './rows-layout.ts';

interface Refusal {
  readonly node: OpNode;
  readonly reason: string;
  readonly remedy?: string | undefined;
}

/** Whether nodes of an operator can be read at all. */
export const isKnown = (node: OpNode): boolean =>
  ruleOf(node.opType) !== undefined || REWRITTEN.includes(node.opType) || isFoldable(node);

export class Inference implements KnownValues {
  readonly kept: OpNode[] = [];
  readonly #refusals: Refusal[] = [];
  readonly #shapes = new Map<string, Shape>();
  readonly #constants: KnownConstants;
  #constantReads = 0;
  readonly #discrete = new Set<string>();
  /** Values of nodes and initialisers that were refused: their readers are not reported as well. */
  readonly #unknown: Set<string>;
  /** Outputs of nodes after the first, with their nodes. */
  readonly #besides = new Map<string, OpNode>();
  /** Layouts of values whose rows are not first in the graph. */
  readonly #layouts = new Map<string, Layout>();
  /** Views of weights by the name of the value: the weights themselves, and reshaped or permuted forms of them. */
  readonly #views = new Map<string, WeightView>();
  /** How each weight is used, by its name. */
  readonly #used = new Map<string, WeightView>();

  constructor(input: readonly [name: string, shape: Shape], initialisers: Initialisers) {
    this.#shapes.set(...input);
    const weights = [...initialisers.parameters, ...initialisers.frozen];
    for (const { name, shape } of weights) this.#views.set(name, { weight: name, shape, moves: [] });
    this.#constants = initialisers.constants;
    this.#unknown = new Set(initialisers.unreadable);
  }

  readonly isParameter = (value: string): boolean => this.#views.has(value);
  readonly isDiscrete = (value: string): boolean => this.#discrete.has(value);
  readonly constantOf = (value: string): Constant | undefined => this.#constants.get(value);
  readonly shapeOf = (value: string): Shape => {
    const weight = this.#used.get(value) ?? this.#views.get(value);
    const shape = weight?.shape ?? this.#shapes.get(value) ?? this.#constants.get(value)?.shape;
    if (shape !== undefined) return shape;
    const origin = this.#besides.get(value);
    throw new UnsupportedOp(
      origin === undefined
        ? `its input ${value} is not computed before it`
        : `its input ${value} is a further output of node ${origin.name}, of which only the first is supported`,
    );
  };

  infer(node: OpNode): void {
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
      this.#refuse(node, cause);
    }
  }

  /** How nodes use a weight; undefined where none that is kept reads it. */
  readonly usedAs = (weight: string): WeightView | undefined => this.#used.get(weight);

  #inferKnown(node: OpNode): void {
    const constant = foldConstants(node, this, this.#graphShapeOf);
    if (constant !== undefined) {
      this.#constants.set(node.output, constant);
      return;
    }
    const weight = this.#views.get(node.inputs[0] ?? '');
    const view = weight && viewOf(node, weight, this);
    if (view !== undefined) {
      this.#views.set(node.output, view);
      return;
    }
    const parts = this.#partsOf(node);
    if (parts !== undefined) {
      for (const part of parts) this.#inferKnown(part);
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

  /** The nodes that replace an operator without a rule of its own. */
  #partsOf(node: OpNode): readonly OpNode[] | undefined {
    if (node.opType === 'Split') return slicesOf(node, graphShape(this.layoutOf(node.inputs[0]!)), this);
    if (node.opType === 'PRelu') return partsOfPRelu(node);
    if (node.opType === 'CastLike') return [castOfLike(node, this)];
    return node.opType === 'Einsum' ? partsOfEinsum(node, this, this.#graphShapeOf) : undefined;
  }

  /** The name of the weight that a value is, which has one shape and one order however many nodes read it. */
  #weightOf(value: string): string {
    const view = this.#views.get(value);
    if (view === undefined) return value;
    const used = this.#used.get(view.weight) ?? view;
    if (!isSameView(used, view)) {
      throw new UnsupportedOp(
        `its initialiser ${view.weight} is used in another shape or order of axes too, as [${used.shape.join(', ')}] ` +
          `and as [${view.shape.join(', ')}]`,
        'use it in one (torch.nn.functional.linear reads a transposed weight)',
      );
    }
    this.#used.set(view.weight, view);
    return view.weight;
  }

  #keep(read: OpNode): void {
    const rule = ruleOf(read.opType);
    if (rule === undefined) {
      throw new UnsupportedOp(
        'it is read on constants alone, such as shapes and masks, and works on data here',
        'write it in supported operators',
      );
    }
    read.inputs.forEach((input, index) => {
      const isTarget = read.opType === 'Reshape' && index === 1;
      const values = this.constantOf(input)?.values;
      this.#countRead(values?.length ?? 0);
      if (isTarget || values === undefined || areNumbers(values)) return;
      throw new UnsupportedOp(
        `its input ${input} depends on the number of rows: what is made of a row must not follow from how many ` +
          'others there are',
      );
    });
    if (rule.isDiscrete === undefined && read.inputs.some(this.isDiscrete)) {
      throw new UnsupportedOp(
        'it works on integers, or conditions, of the data here',
        'Cast them to float32 first',
      );
    }
    const node = { ...read, inputs: read.inputs.map((input) => this.#weightOf(input)) };
    for (const input of node.inputs.filter((name) => name !== '')) this.shapeOf(input);
    const shape = rule.inferShape(node, this);
    if (shape.length > MAXIMUM_RANK) {
      throw new UnsupportedOp(`its output has ${shape.length} axes, and ${MAXIMUM_RANK} is the most`);
    }
    if (!shape.every((extent) => extent === 'rows' || (Number.isSafeInteger(extent) && extent >= 1))) {
      throw new UnsupportedOp(`its output would have the shape [${shape.join(', ')}]`);
    }
    this.#shapes.set(node.output, shape);
    if (rule.isDiscrete?.(node, this)) this.#discrete.add(node.output);
    this.kept.push(node);
  }

  #countRead(numbers: number): void {
    this.#constantReads += numbers;
    if (this.#constantReads <= CONSTANT_READS) return;
    throw new UnsupportedOp(
      `with it, nodes read ${this.#constantReads} numbers of constants, each time that one does, and ` +
        `${CONSTANT_READS} is the most`,
      'make them smaller',
    );
  }

  /** Whether the graph has the value's rows elsewhere than first, or with an axis folded into them. */
  readonly isMoved = (value: string): boolean => this.#layouts.has(value);
  readonly #graphShapeOf = (value: string): readonly Count[] =>
    this.isMoved(value)
      ? graphShape(this.layoutOf(value))
      : (this.#views.get(value)?.shape ?? this.shapeOf(value));
  readonly layoutOf = (value: string): Layout => this.#layouts.get(value) ?? plainLayout(this.shapeOf(value));

  #refuse(node: OpNode, { reason, remedy }: Omit<Refusal, 'node'>): void {
    this.#refusals.push({ node, reason, remedy });
    for (const output of node.outputs) this.#unknown.add(output);
  }

  /**
   * What an exporter does to prepare the input and the first state of a recurrent layer is not distinguished from it.
   *
   * @throws UnsupportedModelError naming every node that was refused, after the problems given
   */
  throwProblems(nodes: readonly OpNode[], before: readonly ModelProblem[]): void {
    const recurrent = this.#refusals.filter(({ node }) => isRecurrent(node.opType));
    const prepared = new Set(recurrent.flatMap(({ node }) => node.inputs));
    for (const node of nodes.toReversed()) {
      if (!node.outputs.some((output) => prepared.has(output))) continue;
      for (const input of node.inputs) prepared.add(input);
    }
    const reported = this.#refusals.filter(
      (refusal) =>
        recurrent.includes(refusal) || !refusal.node.outputs.some((output) => prepared.has(output)),
    );
    const own = reported.map(({ node, reason, remedy }) => nodeProblem(node, reason, remedy));
    const problems = [...before, ...own];
    if (problems.length === 0) return;
    const isUnknown = ({ node }: Refusal) => !isKnown(node) && !isExplained(node.opType);
    throw new UnsupportedModelError(problems, reported.some(isUnknown) ? supportedOperators() : undefined);
  }
}
