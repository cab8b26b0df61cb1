// What an operator must define to be trained through: its shape rule, its forward and backward rules and, where it has
// trainable inputs, its norm rule. Each operator has a file in this folder.
import type { Constant } from '../format/constant.ts';
import { MAXIMUM_RANK } from '../format/graph-limits.ts';
import { type Attributes, type GraphWriter, undoing } from '../format/graph-writer.ts';
import type { NodeProto } from '../format/onnx-schema.ts';
import { UnsupportedOp } from '../format/unsupported-model.ts';
import type { ParameterGradient, UnitNorms } from '../lowering/unit-norms.ts';

export { UnsupportedOp };

/** Extent of one axis; `rows` is the batch axis, whose extent a forward model leaves open. */
export type Extent = number | 'rows';
export type Shape = readonly Extent[];

/** One node of a forward graph, with its attributes by name. */
export interface OpNode {
  readonly name: string;
  readonly opType: string;
  /** Optional inputs that are left out are ''. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** All outputs, the one above first. */
  readonly outputs: readonly string[];
  readonly attributes: NodeProto['attribute'];
  /** Version of the operator set that gives the node its meaning. */
  readonly opset: number;
}

/** The known properties of the values of a forward graph, including parameters and constants. */
export interface KnownValues {
  shapeOf(value: string): Shape;
  /** Whether the value is an initialiser that can be trained; the gradients of a frozen one are not used. */
  isParameter(value: string): boolean;
  /** The value's numbers, where they depend on neither data nor parameters. */
  constantOf(value: string): Constant | undefined;
  /** Whether the value is data of integers or booleans, through which no gradient flows. */
  isDiscrete(value: string): boolean;
}

/** A step graph while its forward half is being written. */
export interface ForwardStep extends KnownValues {
  readonly writer: GraphWriter;
  /** Rows in the step graph: capacity in units times rows per unit. */
  readonly rowCount: number;
  /** Channels per block of the runtime's blocked convolution; 0 if it is not used. */
  readonly blockedChannels: number;
  /** Name in the step graph of a value of the forward graph. */
  at(value: string): string;
  /** The value's shape in the step graph. */
  sizesOf(value: string): number[];
  /** Whether any parameter lies upstream, so that the gradient of the value is needed. */
  needsGradient(value: string): boolean;
}

/** A step graph while its backward half is being written. */
export interface BackwardStep extends ForwardStep {
  readonly norms: UnitNorms;
  /** The values that the node's forward rule saved. */
  savedBy(node: OpNode): readonly string[];
}

export interface Gradients {
  /** Name of the gradient for each input that needs one; row i is the gradient of row i's loss alone. */
  readonly inputs: readonly (readonly [input: string, gradient: string])[];
  readonly parameters: readonly ParameterGradient[];
}

export const NO_GRADIENTS: Gradients = { inputs: [], parameters: [] };

export interface OpRule {
  readonly opType: string;
  /**
   * Shape of the output.
   *
   * Every value that is neither parameter nor constant has `rows` as its first axis, and nothing mixes rows. So a
   * row's gradient is its own, and the norm rules are exact.
   *
   * @throws UnsupportedOp where this use of the operator cannot be trained through.
   */
  inferShape(node: OpNode, values: KnownValues): Shape;
  /** Whether the output is discrete (`KnownValues.isDiscrete`). */
  isDiscrete?(node: OpNode, values: KnownValues): boolean;
  /** Whether the output is constant but for jumps: data of floats through which no gradient flows. */
  readonly hasNoGradient?: boolean;
  /** Emits the operator. Without this rule, the node is copied. Saved values are for `backward`. */
  forward?(node: OpNode, step: ForwardStep): { readonly output: string; readonly saved?: readonly string[] };
  /** Emits the gradients of the inputs, given the name of the gradient of the output. */
  backward(node: OpNode, gradient: string, step: BackwardStep): Gradients;
}

const attributeOf = (node: OpNode, name: string) =>
  node.attributes.find((candidate) => candidate.name === name);

/** An integer attribute, or the operator's default for it. */
export function integerAttribute(node: OpNode, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  // Some writers leave zeros out.
  return attribute === undefined ? otherwise : (attribute.i ?? 0);
}

export function integersAttribute(node: OpNode, name: string): readonly number[] | undefined {
  return attributeOf(node, name)?.ints;
}

export function floatAttribute(node: OpNode, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute === undefined ? otherwise : (attribute.f ?? 0);
}

export function stringAttribute(node: OpNode, name: string, otherwise: string): string {
  const attribute = attributeOf(node, name);
  return attribute === undefined ? otherwise : new TextDecoder().decode(attribute.s);
}

/** A node's attributes in the form a graph writer takes. */
export function attributesOf(node: OpNode): Attributes {
  return Object.fromEntries(
    node.attributes.map(({ name, type, i, f, s, ints }) => {
      if (s !== undefined && s.length > 0) return [name, new TextDecoder().decode(s)];
      // Attribute type 1 is a float.
      if (type === 1 || (f !== undefined && i === undefined)) return [name, { float: f ?? 0 }];
      return [name, ints !== undefined && ints.length > 0 ? ints : (i ?? 0)];
    }),
  );
}

/** Refuses a value that is not data; its shape, `rows` first. */
export function dataShape(value: string, values: KnownValues): Shape {
  const shape = values.shapeOf(value);
  if (values.isParameter(value) || shape[0] !== 'rows') {
    throw new UnsupportedOp(`its input ${value} must be data, with one row for each row of the input`);
  }
  return shape;
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

/** The reason why a value cannot be trained. */
export function whyNotParameter(value: string, values: KnownValues): string {
  return values.constantOf(value) === undefined
    ? `its input ${value} must be a float initialiser`
    : `its initialiser ${value} must be float32, and a weight rather than a constant of the program`;
}

/** Refuses a value that is not a trainable initialiser of the rank given; its shape. */
export function parameterShape(value: string, rank: number, values: KnownValues): readonly number[] {
  if (!values.isParameter(value)) throw new UnsupportedOp(whyNotParameter(value, values));
  const shape = values.shapeOf(value);
  if (shape.length !== rank) throw new UnsupportedOp(`its initialiser ${value} must have ${rank} axes`);
  return shape as readonly number[];
}

/** Refuses a value that is not constant; its numbers. */
export function constantNumbers(value: string, values: KnownValues): Constant['values'] {
  const constant = values.constantOf(value);
  if (constant === undefined) {
    throw new UnsupportedOp(
      `its input ${value} must be constant, not computed from data`,
      'export fixed shapes',
    );
  }
  return constant.values;
}

/** An axis counted from the front. */
export function axisFromFront(axis: number, rank: number): number {
  const fromFront = axis < 0 ? axis + rank : axis;
  if (fromFront < 0 || fromFront >= rank) throw new UnsupportedOp(`axis ${axis} of ${rank} does not exist`);
  return fromFront;
}

/** An axis counted from the front; refuses the batch axis, along which rows would mix. */
export function rowAxis(axis: number, rank: number): number {
  const fromFront = axisFromFront(axis, rank);
  if (fromFront === 0) throw new UnsupportedOp('it works along the first axis, which would mix rows');
  return fromFront;
}

/** Axes from the attribute `axes` or, in newer operator sets, the second input; undefined where there are none. */
export function axesOf(node: OpNode, values: KnownValues): readonly number[] | undefined {
  const attribute = integersAttribute(node, 'axes');
  if (attribute !== undefined && attribute.length > 0) return checkAxes(attribute);
  const input = node.inputs[1];
  if (!input) return undefined;
  const numbers = constantNumbers(input, values) as readonly number[];
  return numbers.length > 0 ? checkAxes(numbers) : undefined;
}

function checkAxes(axes: readonly number[]): readonly number[] {
  if (axes.length <= MAXIMUM_RANK) return axes;
  throw new UnsupportedOp(`it names ${axes.length} axes, and ${MAXIMUM_RANK} is the most`);
}

/**
 * Shape rule and gradient of an operator that works on each element of one input.
 *
 * @param emitForward for operators whose values in the runtime depend on the index in an array: it must compute the
 * same by other operators, since a row's gradient has to follow from that row alone, bit for bit
 * (`dp-sgd/sensitivity.ts`)
 */
export function elementwise(
  opType: string,
  gradientOf: (step: {
    readonly writer: GraphWriter;
    readonly node: OpNode;
    readonly input: string;
    readonly output: string;
    readonly gradient: string;
    readonly values: KnownValues;
  }) => string,
  emitForward = (writer: GraphWriter, node: OpNode, input: string, _values: KnownValues): string =>
    writer.emit(node.opType, [input], attributesOf(node)),
): OpRule {
  return {
    opType,
    inferShape: (node, values) => dataShape(node.inputs[0]!, values),
    // In the order that the input was computed in, so that no transposition comes between.
    forward(node, step) {
      const { writer } = step;
      const input = step.at(node.inputs[0]!);
      const origin = writer.originOf(input);
      const output = emitForward(writer, node, origin?.source ?? input, step);
      return { output: origin ? writer.arrange(output, origin.arrangement) : output };
    },
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      const { writer } = step;
      const arrangement = writer.originOf(gradient)?.arrangement;
      const inOrder = (value: string) => (arrangement ? writer.arrange(value, undoing(arrangement)) : value);
      const emitted = gradientOf({
        writer,
        node,
        input: inOrder(step.at(input)),
        output: inOrder(step.at(node.output)),
        gradient: inOrder(gradient),
        values: step,
      });
      return {
        inputs: [[input, arrangement ? writer.arrange(emitted, arrangement) : emitted]],
        parameters: [],
      };
    },
  };
}

/** An operator that only gives its input another shape. */
export function reshaping(
  opType: string,
  inferShape: (node: OpNode, values: KnownValues, shape: Shape) => Shape,
): OpRule {
  return {
    opType,
    inferShape: (node, values) => inferShape(node, values, dataShape(node.inputs[0]!, values)),
    isDiscrete: (node, values) => values.isDiscrete(node.inputs[0]!),
    forward: (node, step) => ({
      output: step.writer.reshape(step.at(node.inputs[0]!), step.sizesOf(node.output)),
    }),
    backward(node, gradient, step) {
      const [input] = node.inputs as [string];
      if (!step.needsGradient(input)) return NO_GRADIENTS;
      return { inputs: [[input, step.writer.reshape(gradient, step.sizesOf(input))]], parameters: [] };
    },
  };
}
