// Where the nodes of a lineage are: columns from the model to the datasets, by dagre.
import { Graph, layout } from '@dagrejs/dagre';
import { type LineageGraph, type LineageNode, nodeId } from './lineage-graph.ts';

/** How large a node is, in pixels of a drawing at full size. */
export const NODE = { width: 208, height: 74 } as const;
const GAP = { column: 56, row: 14 } as const;
const MARGIN = 16;

/** A node with its centre. */
export interface PlacedNode {
  readonly node: LineageNode;
  /** Left to right: 0 the model, 1 rounds, 2 updates, 3 consents, 4 datasets. */
  readonly column: number;
  readonly x: number;
  readonly y: number;
}

/** A drawing: its size, and where its nodes are. */
export interface LineageDrawing {
  readonly width: number;
  readonly height: number;
  readonly placed: ReadonlyMap<string, PlacedNode>;
}

const COLUMNS: Readonly<Record<LineageNode['kind'], number>> = {
  model: 0,
  rounds: 1,
  round: 1,
  update: 2,
  consent: 3,
  dataset: 4,
};

/**
 * Places a lineage. Only edges between neighbouring columns are given to dagre, which would make room for each of the
 * others in every column that it passes: 30 consents of 18 rounds that are closed would be 540 of them. Consents of
 * which no update is shown hang on the rounds, spread evenly.
 */
export function placeLineage({ nodes, edges }: LineageGraph): LineageDrawing {
  const graph = new Graph();
  graph.setGraph({
    rankdir: 'LR',
    nodesep: GAP.row,
    ranksep: GAP.column,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const columnOf = new Map(nodes.map(({ id, kind }) => [id, COLUMNS[kind]]));
  for (const { id } of nodes) graph.setNode(id, { ...NODE });
  const reached = new Set<string>([nodeId.model]);
  for (const { from, to } of edges) {
    if (columnOf.get(to)! - columnOf.get(from)! !== 1) continue;
    graph.setEdge(from, to);
    reached.add(to);
  }
  const rounds = nodes.filter(({ id }) => columnOf.get(id) === 1);
  const hanging = nodes.filter(({ id }) => !reached.has(id));
  for (const [i, { id }] of hanging.entries()) {
    const from = rounds[Math.floor(((i + 0.5) * rounds.length) / hanging.length)]?.id ?? nodeId.model;
    graph.setEdge(from, id, { minlen: columnOf.get(id)! - columnOf.get(from)!, weight: 0 });
  }
  // Its heuristic would set rounds in another order than that of the ledger.
  layout(graph, { disableOptimalOrderHeuristic: true });
  const placed = new Map<string, PlacedNode>();
  for (const node of nodes) {
    const { x, y } = graph.node(node.id) as { readonly x: number; readonly y: number };
    placed.set(node.id, { node, column: columnOf.get(node.id)!, x, y });
  }
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  return { width, height, placed };
}

/** The path of an edge from the right of one node to the left of another. */
export function edgePath(from: Pick<PlacedNode, 'x' | 'y'>, to: Pick<PlacedNode, 'x' | 'y'>): string {
  const [x1, x2] = [from.x + NODE.width / 2, to.x - NODE.width / 2];
  const bend = Math.min(64, (x2 - x1) / 2);
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
}

/** A part of a drawing, in its own pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The nodes that can be seen in a part of the drawing. */
export const inWindow = ({ placed }: LineageDrawing, { left, top, right, bottom }: Window): PlacedNode[] =>
  [...placed.values()].filter(
    ({ x, y }) =>
      x + NODE.width / 2 >= left &&
      x - NODE.width / 2 <= right &&
      y + NODE.height / 2 >= top &&
      y - NODE.height / 2 <= bottom,
  );
