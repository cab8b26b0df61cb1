// Which node an arrow key leads to: right along an edge to where a node comes from, left back towards the model, up and
// down within a column.
import type { LineageEdge } from './lineage-graph.ts';
import type { LineageDrawing, PlacedNode } from './lineage-layout.ts';

/** Keys that move between nodes. */
export const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'] as const;
/** One of them. */
export type Arrow = (typeof ARROWS)[number];

/** Whether a key is one of them. */
export const isArrow = (key: string): key is Arrow => (ARROWS as readonly string[]).includes(key);

/**
 * The node that a key leads to; the same one where there is none in that direction.
 *
 * @param trail nodes that the focus was on, latest last: back along an edge goes to where one came from
 */
export function nodeAfter(
  drawing: LineageDrawing,
  edges: readonly LineageEdge[],
  move: { readonly from: string; readonly key: Arrow; readonly trail?: readonly string[] },
): string {
  const { from, key, trail = [] } = move;
  const here = drawing.placed.get(from);
  if (here === undefined) return from;
  const column = [...drawing.placed.values()]
    .filter((one) => one.column === here.column)
    .sort((a, b) => a.y - b.y);
  const at = column.indexOf(here);
  switch (key) {
    case 'ArrowUp':
      return idOf(column[at - 1] ?? here);
    case 'ArrowDown':
      return idOf(column[at + 1] ?? here);
    case 'Home':
      return idOf(column[0] ?? here);
    case 'End':
      return idOf(column.at(-1) ?? here);
    default: {
      const beyond = edges
        .filter((edge) => (key === 'ArrowRight' ? edge.from : edge.to) === from)
        .flatMap((edge) => drawing.placed.get(key === 'ArrowRight' ? edge.to : edge.from) ?? []);
      const known = trail.findLast((id) => beyond.some((one) => idOf(one) === id));
      if (known !== undefined) return known;
      const nearest = beyond.sort((a, b) => Math.abs(a.y - here.y) - Math.abs(b.y - here.y))[0];
      return idOf(nearest ?? here);
    }
  }
}

const idOf = ({ node }: PlacedNode): string => node.id;

/** Edges on a way through a node: all that lead to it from the model, and all that it comes from. */
export function waysThrough(edges: readonly LineageEdge[], id: string): ReadonlySet<LineageEdge> {
  const [after, before] = [Map.groupBy(edges, ({ from }) => from), Map.groupBy(edges, ({ to }) => to)];
  const found = new Set<LineageEdge>();
  const follow = (start: string, next: typeof after, end: 'from' | 'to'): void => {
    const waiting = [start];
    const seen = new Set(waiting);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const edge of next.get(at) ?? []) {
        found.add(edge);
        if (seen.has(edge[end])) continue;
        seen.add(edge[end]);
        waiting.push(edge[end]);
      }
    }
  };
  follow(id, after, 'to');
  follow(id, before, 'from');
  return found;
}
