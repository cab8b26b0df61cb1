// How series are told apart without colour: each has a dash of its own, and a sign of its own at its values.
import type { ReactElement } from 'react';
import { SERIES_MOST } from './chart-form.ts';

const DASHES = ['none', '7 4', '2 3', '10 3 2 3', '5 2', '1 4'] as const;

/** The colour of a series, from the tokens: one for each, in a light page and in a dark one. */
export const colourOf = (index: number): string => `var(--series-${(index % SERIES_MOST) + 1})`;

/** The dash of its line. */
export const dashOf = (index: number): string => DASHES[index % DASHES.length]!;

/** Shapes about a centre, of much the same area. */
const SHAPES = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z',
  'M-3.6-3.6h7.2v7.2h-7.2z',
  'M0-5 4.6 3.6h-9.2z',
  'M0-5 5 0 0 5-5 0z',
  'M0 5 4.6-3.6h-9.2z',
  'M-1.4-5h2.8v3.6h3.6v2.8h-3.6v3.6h-2.8v-3.6h-3.6v-2.8h3.6z',
] as const;

/** The sign of a series at a place of a chart. */
export const signAt = (
  index: number,
  { x, y, key }: { readonly x: number; readonly y: number; readonly key?: string },
): ReactElement => (
  <path
    key={key}
    d={SHAPES[index % SHAPES.length]}
    transform={`translate(${x} ${y})`}
    fill={colourOf(index)}
    stroke="var(--surface)"
    strokeWidth={1}
  />
);

/** The line and the sign of a series, for a legend. */
export function SeriesSign({ index, hasLine }: { readonly index: number; readonly hasLine: boolean }) {
  return (
    <svg width="28" height="14" viewBox="-14 -7 28 14" aria-hidden="true">
      {hasLine && (
        <path d="M-14 0h28" stroke={colourOf(index)} strokeWidth={2} strokeDasharray={dashOf(index)} />
      )}
      {signAt(index, { x: 0, y: 0 })}
    </svg>
  );
}
