// The graph of a lineage. It is a part of the page that scrolls, so that fingers, wheels and keys move it as they move
// everything else; only what can be seen of it is in the page.
import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import styles from './lineage.module.css';
import { type LineageEdge, type LineageGraph, type LineageNode, nodeId } from './lineage-graph.ts';
import { isArrow, nodeAfter, waysThrough } from './lineage-keys.ts';
import { edgePath, inWindow, type LineageDrawing, NODE, type Window } from './lineage-layout.ts';
import type { NodeWords } from './lineage-words.ts';

interface CanvasProps {
  readonly graph: LineageGraph;
  readonly drawing: LineageDrawing;
  readonly sayNode: (node: LineageNode) => NodeWords;
  /** Which thing is opened beside the graph. */
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly onToggle: (id: string) => void;
}

const SCALE = { least: 0.4, most: 1.6, step: 1.2, readable: 0.7 } as const;
/** Beyond what is seen, so that a quick scroll shows no gap. */
const AROUND = 240;
const TRAIL_MOST = 50;

const withinScale = (scale: number): number => Math.min(Math.max(scale, SCALE.least), SCALE.most);

export function LineageCanvas({ graph, drawing, sayNode, selected, onSelect, onToggle }: CanvasProps) {
  const { t } = useTranslation('model');
  const hint = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const trail = useRef<string[]>([]);
  const [scale, setScale] = useState(1);
  const [seen, setSeen] = useState<Window>({ left: 0, top: 0, right: 1600, bottom: 1000 });
  const [focused, setFocused] = useState<string>(nodeId.model);
  /** Set where the focus is to be moved to the node once it is in the page. */
  const moves = useRef(false);
  const here = drawing.placed.has(focused) ? focused : nodeId.model;

  const look = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = box;
    setSeen({
      left: scrollLeft / scale - AROUND,
      top: scrollTop / scale - AROUND,
      right: (scrollLeft + clientWidth) / scale + AROUND,
      bottom: (scrollTop + clientHeight) / scale + AROUND,
    });
  }, [scale]);

  const fit = useCallback(() => {
    const box = scroller.current;
    if (box === null || drawing.width === 0) return;
    setScale(Math.min(1, Math.max(box.clientWidth / drawing.width, SCALE.readable)));
  }, [drawing.width]);

  // Once: all of it where it can be read so, and the model in sight.
  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    if (isPlaced.current) return;
    isPlaced.current = true;
    fit();
  }, [fit]);
  const model = drawing.placed.get(nodeId.model);
  const middle = model?.y ?? 0;
  const first = useRef(true);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    if (first.current) {
      first.current = false;
      box.scrollTop = middle * scale - box.clientHeight / 2;
    }
    look();
  }, [look, middle, scale]);

  // Before the next key: who holds an arrow key down moves on from where the focus is.
  useLayoutEffect(() => {
    if (!moves.current) return;
    moves.current = false;
    const node = scroller.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(here)}"]`);
    node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });

  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const observer = new ResizeObserver(look);
    observer.observe(box);
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      setScale((now) => withinScale(now * (event.deltaY < 0 ? SCALE.step : 1 / SCALE.step)));
    };
    box.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      box.removeEventListener('wheel', wheel);
    };
  }, [look]);

  const go = (id: string) => {
    trail.current = [...trail.current.slice(1 - TRAIL_MOST), here];
    moves.current = true;
    setFocused(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const zoom = { '+': SCALE.step, '=': SCALE.step, '-': 1 / SCALE.step }[key];
    if (isArrow(key)) go(nodeAfter(drawing, graph.edges, { from: here, key, trail: trail.current }));
    else if (zoom !== undefined) setScale((now) => withinScale(now * zoom));
    else if (key === '0') fit();
    else if (key === ' ') {
      if (drawing.placed.get(here)?.node.isOpen === undefined) return;
      moves.current = true;
      onToggle(here);
    } else return;
    event.preventDefault();
  };

  const shown = inWindow(drawing, seen);
  const current = drawing.placed.get(here);
  if (current !== undefined && !shown.includes(current)) shown.push(current);
  // In the order of columns, so that a screen reader that reads on meets them as they lie.
  shown.sort((a, b) => a.column - b.column || a.y - b.y);
  const size = { width: drawing.width * scale, height: drawing.height * scale };
  return (
    <div className={styles.canvas}>
      <div className={styles.tools}>
        <p id={hint} className={styles.hint}>
          {t('lineage.hint')}
        </p>
        <div className={styles.zoom}>
          <Button isSmall onPress={() => setScale((now) => withinScale(now / SCALE.step))}>
            {t('lineage.zoomOut')}
          </Button>
          <Button isSmall onPress={() => setScale((now) => withinScale(now * SCALE.step))}>
            {t('lineage.zoomIn')}
          </Button>
          <Button isSmall onPress={fit}>
            {t('lineage.fit')}
          </Button>
        </div>
      </div>
      <div ref={scroller} className={styles.scroller} onScroll={look} {...useDrag(scroller)}>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is of forms */}
        <div
          role="group"
          aria-label={t('lineage.graphLabel')}
          aria-describedby={hint}
          className={styles.sizer}
          style={size}
          onKeyDown={onKeyDown}
          // The click that a space bar makes of a button; the key itself opened the round.
          onKeyUp={(event) => event.key === ' ' && event.preventDefault()}
        >
          <div className={styles.stage} style={{ transform: `scale(${scale})` }}>
            <Edges graph={graph} drawing={drawing} through={selected ?? here} />
            {shown.map(({ node, x, y }) => {
              const { kind, name, note, beside } = sayNode(node);
              const isLost =
                (node.kind === 'round' && node.round.state !== 'finalized') ||
                (node.kind === 'update' && node.fate !== 'included');
              return (
                <button
                  key={node.id}
                  type="button"
                  data-node={node.id}
                  className={[styles.node, styles[node.kind], isLost ? styles.lost : ''].join(' ')}
                  style={{
                    left: x - NODE.width / 2,
                    top: y - NODE.height / 2,
                    width: NODE.width,
                    height: NODE.height,
                  }}
                  tabIndex={node.id === here ? 0 : -1}
                  aria-current={node.id === selected ? 'true' : undefined}
                  onFocus={() => setFocused(node.id)}
                  onClick={() => {
                    setFocused(node.id);
                    onSelect(node.id);
                  }}
                >
                  <span className={styles.kind}>{kind}</span>
                  <span className={styles.name}>
                    <bdi>{name}</bdi>
                  </span>
                  <span className={styles.note}>
                    <bdi>{note}</bdi>
                    {beside !== '' && <span className="unseen">, {beside}</span>}
                  </span>
                  {node.isOpen !== undefined && (
                    // For pointers: keys have the space bar for it.
                    <span
                      className={styles.toggle}
                      aria-hidden="true"
                      onClick={(event) => {
                        event.stopPropagation();
                        setFocused(node.id);
                        onToggle(node.id);
                      }}
                    >
                      <Icon name={node.isOpen ? 'down' : 'right'} />
                    </span>
                  )}
                </button>
              );
            })}
          </div>
        </div>
      </div>
      <ul className={styles.legend}>
        <li>
          <svg width="28" height="8" aria-hidden="true">
            <path className={styles.edge} d="M0 4h28" />
          </svg>
          {t('lineage.legendKept')}
        </li>
        <li>
          <svg width="28" height="8" aria-hidden="true">
            <path className={`${styles.edge} ${styles.edgeLost}`} d="M0 4h28" />
          </svg>
          {t('lineage.legendLost')}
        </li>
      </ul>
    </div>
  );
}

/** All edges as three lines: hundreds of elements would be slow to draw. */
function Edges({
  graph,
  drawing,
  through,
}: {
  readonly graph: LineageGraph;
  readonly drawing: LineageDrawing;
  readonly through: string;
}) {
  const [near, far, lost, ways] = useMemo(() => {
    // Everything leads to the model: where it is the one in sight, no way is told apart.
    const way = through === nodeId.model ? new Set<LineageEdge>() : waysThrough(graph.edges, through);
    const isFar = ({ from, to }: LineageEdge) =>
      (drawing.placed.get(to)?.column ?? 0) - (drawing.placed.get(from)?.column ?? 0) > 1;
    const pathOf = (edges: readonly LineageEdge[]) =>
      edges
        .map(({ from, to }) => {
          const [a, b] = [drawing.placed.get(from), drawing.placed.get(to)];
          return a === undefined || b === undefined ? '' : edgePath(a, b);
        })
        .join('');
    return [
      pathOf(graph.edges.filter((edge) => !edge.isLost && !isFar(edge))),
      pathOf(graph.edges.filter((edge) => !edge.isLost && isFar(edge))),
      pathOf(graph.edges.filter((edge) => edge.isLost)),
      pathOf(graph.edges.filter((edge) => way.has(edge) && !edge.isLost)),
    ];
  }, [graph, drawing, through]);
  return (
    <svg className={styles.edges} width={drawing.width} height={drawing.height} aria-hidden="true">
      <path className={styles.edge} d={near} />
      <path className={`${styles.edge} ${styles.edgeFar}`} d={far} />
      <path className={`${styles.edge} ${styles.edgeLost}`} d={lost} />
      <path className={`${styles.edge} ${styles.edgeWay}`} d={ways} />
    </svg>
  );
}

/** Moves a scrolling part by the mouse: press on its ground and drag. Fingers scroll it anyway. */
function useDrag(target: { readonly current: HTMLElement | null }) {
  const from = useRef<{ x: number; y: number; left: number; top: number } | null>(null);
  const stop = () => {
    from.current = null;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      const box = target.current;
      const isOnGround = !(event.target as Element).closest('button');
      if (box === null || event.pointerType !== 'mouse' || event.button !== 0 || !isOnGround) return;
      from.current = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    },
    onPointerMove: (event: PointerEvent) => {
      const box = target.current;
      if (from.current === null || box === null) return;
      box.scrollLeft = from.current.left - (event.clientX - from.current.x);
      box.scrollTop = from.current.top - (event.clientY - from.current.y);
    },
    onPointerUp: stop,
    onPointerLeave: stop,
  };
}
