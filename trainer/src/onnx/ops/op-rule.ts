// What the engine must know of an ONNX operator to train through it: its shape rule, its backward rule and, where
// it has trainable inputs, its norm rule. One operator is one file beside this one.
import type { GraphWriter } from '../graph-writer.ts';
import type { NodeProto } from '../onnx-schema.ts';
import type { ParameterGradient, UnitNorms } from '../unit-norms.ts';

/** Extent of one axis; `rows` is the batch axis, whose extent a forward model leaves open. */
export type Extent = number | 'rows';
export type Shape = readonly Extent[];

/** One node of a forward graph, with its attributes by name. */
export interface OpNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: NodeProto['attribute'];
}

/** What is known of the values of a forward graph, parameters included. */
export interface KnownValues {
  shapeOf(value: string): Shape;
  /** Whether the value is a trainable initialiser. */
  isParameter(value: string): boolean;
}

/** A step graph while its backward half is being written. */
export interface BackwardStep extends KnownValues {
  readonly writer: GraphWriter;
  readonly norms: UnitNorms;
  /** Rows in the step graph: capacity in units times rows per unit. */
  readonly rowCount: number;
  /** Name in the step graph of a value of the forward graph. */
  at(value: string): string;
  /** Whether any parameter lies upstream, so that a gradient of the value is of use. */
  needsGradient(value: string): boolean;
}

export interface Gradients {
  /** Name of the gradient for each input that needs one; row i is the gradient of row i's loss alone. */
  readonly inputs: readonly (readonly [input: string, gradient: string])[];
  readonly parameters: readonly ParameterGradient[];
}

export interface OpRule {
  readonly opType: string;
  /**
   * Shape of the output.
   *
   * Every value that is not a parameter has `rows` as its first axis and nothing mixes rows: that is what makes
   * a row's gradient its own, and the norm rules exact.
   *
   * @throws UnsupportedOp where this use of the operator cannot be trained through.
   */
  inferShape(node: OpNode, values: KnownValues): Shape;
  /** Emits the gradients of the inputs, given the name of the gradient of the output. */
  backward(node: OpNode, gradient: string, step: BackwardStep): Gradients;
}

/** Why one node cannot be trained through. */
export class UnsupportedOp extends Error {
  override readonly name = 'UnsupportedOp';
}

/** An integer attribute, or the operator's default for it. */
export function integerAttribute(node: OpNode, name: string, otherwise: number): number {
  const attribute = node.attributes.find((candidate) => candidate.name === name);
  // Some writers leave zeros out.
  return attribute === undefined ? otherwise : (attribute.i ?? 0);
}

/** Refuses a value that is not a [rows, width] matrix; its width. */
export function widthOf(value: string, values: KnownValues): number {
  const shape = values.shapeOf(value);
  const [rows, width] = shape;
  if (shape.length !== 2 || rows !== 'rows' || typeof width !== 'number') {
    throw new UnsupportedOp(`its input ${value} must be a [rows, width] matrix, not [${shape.join(', ')}]`);
  }
  return width;
}

/** Refuses a value that is not a trainable initialiser of the rank given; its shape. */
export function parameterShape(value: string, rank: number, values: KnownValues): readonly number[] {
  if (!values.isParameter(value)) throw new UnsupportedOp(`its input ${value} must be a float initialiser`);
  const shape = values.shapeOf(value);
  if (shape.length !== rank) throw new UnsupportedOp(`its initialiser ${value} must have ${rank} axes`);
  return shape as readonly number[];
}

/** Shape rule and gradient of an operator that works on each element of one input. */
export function elementwise(
  opType: string,
  gradientOf: (step: { writer: GraphWriter; input: string; output: string; gradient: string }) => string,
): OpRule {
  return {
    opType,
    inferShape(node, values) {
      if (values.isParameter(node.inputs[0]!)) throw new UnsupportedOp('its input must be data');
      return values.shapeOf(node.inputs[0]!);
    },
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return { inputs: [], parameters: [] };
      const { writer } = step;
      const emitted = gradientOf({ writer, input: step.at(input), output: step.at(node.output), gradient });
      return { inputs: [[input, emitted]], parameters: [] };
    },
  };
}
