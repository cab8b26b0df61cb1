// Whether a figure that was looked at again and again still grows at the end, or came to rest.

export interface Growth {
  /** Means of the first, the second and the last third. */
  readonly thirds: readonly [number, number, number];
  readonly lastThirdGrows: boolean;
}

/** What comes and goes between two looks. */
const NOISE = 0.03;

/**
 * @param figures in their order
 * @returns undefined for fewer than three: there are no thirds
 */
export function growthOf(figures: readonly number[]): Growth | undefined {
  const third = Math.floor(figures.length / 3);
  if (third === 0) return undefined;
  // What does not come out even is left out at the beginning, where most is built up.
  const from = figures.length - 3 * third;
  const meanOf = (at: number) => {
    const part = figures.slice(from + at * third, from + (at + 1) * third);
    return part.reduce((sum, figure) => sum + figure, 0) / third;
  };
  const thirds = [meanOf(0), meanOf(1), meanOf(2)] as const;
  return { thirds, lastThirdGrows: thirds[2] > thirds[1] * (1 + NOISE) };
}
