// At which tilt and frequencies a composed loss is inverted: estimates, but for the bound on what is left out.
import type { Kind } from './gaussian-steps.ts';
import { InvertedLosses, type TiltedSteps } from './inverted-losses.ts';
import {
  type ComposedNodes,
  chernoffPoint,
  cumulantAt,
  type Direction,
  type SaddlePoint,
} from './saddle-point.ts';
import type { SpectralBound } from './spectral-bound.ts';
import { TiltedStep } from './tilted-step.ts';

/** Share of δ that each of what wraps round, what is left out and what rounding moves may take. */
const SHARE = 1e-7;
/** Shares of the saddle point's tilt to try, until one takes little work. */
const TILTS = [1, 0.75];
const LITTLE_WORK = 4e4;
const MOST_FREQUENCIES = 50_000;
/** The tilt is lowered by this factor while outputs that next to never occur hold weight under it. */
const LOWER_TILT = 0.8;
const MOST_LOWERINGS = 15;

/** A question of one direction, whose sampled steps are kept apart from the Gaussian ones. */
export interface InversionQuestion {
  readonly parts: readonly ComposedNodes[];
  readonly sampled: readonly SampledKind[];
  /** Σ steps/(2σ²) of what is not subsampled. */
  readonly gaussian: number;
  readonly direction: Direction;
  readonly saddle: SaddlePoint;
  readonly logDelta: number;
}

export interface SampledKind {
  readonly kind: Kind;
  /** Outputs above this hold less of P than counts. */
  readonly to: number;
}

interface Tilted {
  readonly theta: number;
  readonly parts: readonly (TiltedSteps & { readonly bound: SpectralBound })[];
}

/** A tilt, or a lower one under which no weight lies where hardly any output does. */
function tiltOf({ sampled, direction }: InversionQuestion, from: number): Tilted | undefined {
  for (let [theta, round] = [from, 0]; round < MOST_LOWERINGS; theta *= LOWER_TILT, round++) {
    const steps = sampled.map(({ kind }) => TiltedStep.of(kind, { direction, theta }));
    const above = steps.reduce(
      (sum, step, i) => sum + (step?.weightAbove(sampled[i]!.to) ?? 1) * sampled[i]!.kind.steps,
      0,
    );
    if (above > SHARE) continue;
    const parts = steps.flatMap((step, i) => {
      const bound = step?.spectralBound();
      return step && bound ? [{ step, bound, steps: sampled[i]!.kind.steps }] : [];
    });
    if (parts.length === sampled.length) return { theta, parts };
  }
  return undefined;
}

/** Frequencies grow by this factor from one at which the spectrum is bounded to the next. */
const FREQUENCY_GROWTH = 1.12;
const MOST_BOUNDS = 400;

/**
 * The least frequency of a few, above which (1/π)·∫ |φ|/t² dt is at most e^{logMost}, and that bound.
 *
 * The bound of |φ| falls, so that between two frequencies it is that of the lower.
 */
function highestFrequency(
  { parts }: Tilted,
  gaussian: number,
  { least, logMost }: { readonly least: number; readonly logMost: number },
): { readonly highest: number; readonly tail: number } {
  const logAt = (t: number): number =>
    parts.reduce((sum, { bound, steps }) => sum + steps * bound.logAt(t), -gaussian * t * t);
  let low = least;
  while (logAt(low * 2) - Math.log(low) > logMost && low < 1e12) low *= 2;
  const frequencies = [low];
  const logs = [logAt(low)];
  while (frequencies.length < MOST_BOUNDS && logs.at(-1)! > logMost - 5) {
    frequencies.push(frequencies.at(-1)! * FREQUENCY_GROWTH);
    logs.push(logAt(frequencies.at(-1)!));
  }
  let at = frequencies.length - 1;
  let tail = Math.exp(logs[at]!) / (Math.PI * frequencies[at]!);
  for (; at > 0; at--) {
    const between = 1 / frequencies[at - 1]! - 1 / frequencies[at]!;
    const next = tail + (Math.exp(logs[at - 1]!) * between) / Math.PI;
    if (Math.log(next) > logMost) break;
    tail = next;
  }
  return { highest: frequencies[at]!, tail };
}

export interface PlannedInversion {
  /** Nodes times frequencies, which is what it costs. */
  readonly work: number;
  readonly losses: () => InvertedLosses;
  /** About what wrapping round adds to δ(ε). */
  wrappedAt(epsilon: number): number;
}

function planAt(tilted: Tilted, question: InversionQuestion): PlannedInversion | undefined {
  const { parts, gaussian, direction, saddle, logDelta } = question;
  const { theta } = tilted;
  // What the result is relative to, M(θ)e^{−θε}, over δ.
  const excess = Math.max(0, cumulantAt(parts, direction, theta).value - theta * saddle.epsilon - logDelta);
  const logShare = Math.log(SHARE);
  const above = chernoffPoint(parts, direction, { side: 'upper', from: theta, logMass: logShare - excess });
  const window = Math.max(-(logDelta + logShare) / theta, above.loss - saddle.epsilon);
  const spacing = (2 * Math.PI) / window;
  const limits = { least: spacing / 2, logMost: logShare - excess };
  const { highest, tail } = highestFrequency(tilted, gaussian, limits);
  const count = Math.ceil(highest / spacing);
  if (count > MOST_FREQUENCIES) return undefined;
  const steps: TiltedSteps[] = [];
  let work = 0;
  for (const part of tilted.parts) {
    const step = part.step.upTo(count * spacing);
    if (step === undefined) return undefined;
    work += step.weights.length * count;
    steps.push({ step, steps: part.steps });
  }
  const aloft = cumulantAt(parts, direction, above.theta).value;
  return {
    work,
    losses: () => new InvertedLosses({ parts: steps, gaussian, theta, spacing, count, tail }),
    wrappedAt: (epsilon) =>
      Math.exp(-theta * window) + Math.exp(theta * window + aloft - above.theta * (epsilon + window)),
  };
}

/**
 * How to invert composed losses near a saddle point with as little work as a few tilts offer: its own, or a lower one
 * that leaves less weight where unlikely outputs have large losses, whose fast phases take many nodes.
 */
export function inversionFor(question: InversionQuestion): PlannedInversion | undefined {
  let best: PlannedInversion | undefined;
  for (const share of TILTS) {
    const tilted = tiltOf(question, share * question.saddle.theta);
    const plan = tilted && planAt(tilted, question);
    if (plan && plan.work < (best?.work ?? Number.POSITIVE_INFINITY)) best = plan;
    if (best && best.work < LITTLE_WORK) break;
  }
  return best;
}
