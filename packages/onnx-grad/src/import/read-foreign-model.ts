// Reads an ONNX file from anyone: strictly, and from the given bytes alone.
import { MAXIMUM_RANK, NODE_INPUTS } from '../format/graph-limits.ts';
import { type ModelProblem, modelProblem, nodeProblem } from '../format/model-problem.ts';
import {
  decodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  OnnxFormatError,
  type TensorProto,
} from '../format/onnx-schema.ts';
import { elsewhere } from '../format/tensor-data.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { checkWire } from '../format/wire-check.ts';

/** Element counts and indices of arrays are 32-bit integers. */
const MAXIMUM_EXTENT = 2 ** 31 - 1;

function checkTensor(tensor: TensorProto): void {
  const { name, dims, dataLocation, externalData = [] } = tensor;
  if (dataLocation !== undefined && dataLocation !== 0) throw elsewhere(tensor);
  if (externalData.length > 0) throw elsewhere(tensor);
  if (dims.length > MAXIMUM_RANK) {
    throw new UnsupportedModelError([
      modelProblem(`initialiser ${name}`, `has ${dims.length} axes, and ${MAXIMUM_RANK} is the most`),
    ]);
  }
  if (!dims.every((extent) => extent >= 0 && extent <= MAXIMUM_EXTENT)) {
    throw new OnnxFormatError(`initialiser ${name} has the shape [${dims.join(', ')}]: export it again`);
  }
}

function checkNode(node: NodeProto, index: number): void {
  const shown = { name: node.name || `#${index}`, opType: node.opType };
  if (node.output.length === 0 || node.opType === '') {
    throw new UnsupportedModelError([
      nodeProblem(shown, 'it says no operator, or computes nothing', 'export it again'),
    ]);
  }
  if (node.input.length > NODE_INPUTS) {
    const reason = `it has ${node.input.length} inputs, and ${NODE_INPUTS} is the most`;
    throw new UnsupportedModelError([nodeProblem(shown, reason)]);
  }
  for (const { t, g } of node.attribute) {
    if (t !== undefined) checkTensor(t);
    if (g !== undefined) checkGraph(g);
  }
}

function checkGraph({ node, initializer, sparseInitializer = [] }: GraphProto): void {
  for (const tensor of initializer) checkTensor(tensor);
  for (const { values } of sparseInitializer) if (values !== undefined) checkTensor(values);
  node.forEach(checkNode);
}

/**
 * The model in the bytes, without fields that this package does not know.
 *
 * @throws OnnxFormatError where they are not an ONNX model, or keep data in other files
 * @throws UnsupportedModelError where they are beyond `graph-limits.ts`
 */
export function readForeignModel(bytes: Uint8Array): ModelProto {
  checkWire(bytes);
  const model = decodeModel(bytes);
  checkGraph(model.graph);
  return model;
}

/** Whether a graph has nodes that contain graphs, which run as often as the data decides. */
export const hasControlFlow = ({ opType, attribute }: NodeProto): boolean =>
  ['If', 'Loop', 'Scan', 'SequenceMap'].includes(opType) || attribute.some(({ g }) => g !== undefined);

const CONTROL_FLOW = 'control flow is not supported';
const WITHOUT_CONTROL_FLOW = 'export a graph that is the same for every row';

/** Problems of nodes of control flow, at any depth. */
export const controlFlowProblems = (nodes: readonly NodeProto[]): ModelProblem[] =>
  nodes.flatMap((node, index) => {
    const shown = { name: node.name || `#${index} (${node.opType})`, opType: node.opType };
    return hasControlFlow(node) ? [nodeProblem(shown, CONTROL_FLOW, WITHOUT_CONTROL_FLOW)] : [];
  });
