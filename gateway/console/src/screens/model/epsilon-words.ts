// What an ε and a δ allow, in numbers that people know: how much likelier anything becomes, and how often one who
// guesses is right.
import { roundDecimal } from '../../format/decimal.ts';

/** A privacy loss in other numbers, each rounded up: it is never said to be less than it is. */
export interface EpsilonInWords {
  /** e^ε: how many times as likely any result may become by one patient's records. */
  readonly factor: string;
  /** In percent: how often the best guess is right at most whether a patient took part, where half of them did. */
  readonly guess: string;
  /** In percent: how often it is wrong at least. */
  readonly wrong: string;
}

/**
 * Of a release that is (ε, δ)-differentially private. For every set S of results and both orders of two neighbouring
 * datasets, P(S) ≤ e^ε P'(S) + δ. A test between the two has errors α and β with α + e^ε β ≥ 1 − δ and
 * e^ε α + β ≥ 1 − δ (Wasserman and Zhou 2010; Kairouz, Oh and Viswanath 2015), so that the mean of both errors is at
 * least (1 − δ) / (1 + e^ε): a guess at even odds is right with probability (e^ε + δ) / (1 + e^ε) at most, whatever
 * else is known to the one who guesses.
 *
 * @returns undefined for what is no privacy loss
 */
export function epsilonInWords(epsilon: string | number, delta: string | number): EpsilonInWords | undefined {
  const [e, d] = [Number(epsilon), Number(delta)];
  if (!(e >= 0) || !(d >= 0 && d <= 1) || epsilon === '') return undefined;
  // 1 / (1 + e^ε) without a quotient of infinities.
  const wrong = (1 - d) * (Math.exp(-e) / (1 + Math.exp(-e)));
  const factor = Math.exp(e);
  const wrongPercent = roundDecimal(wrong * 100, 2, 'down');
  return {
    factor: Number.isFinite(factor) ? roundDecimal(factor, factor < 10 ? 2 : 3, 'up') : '∞',
    guess: subtractFrom100(wrongPercent),
    wrong: wrongPercent,
  };
}

/** 100 less a decimal number, with its decimals: exact, so that both add up for who compares them. */
function subtractFrom100(percent: string): string {
  const decimals = percent.split('.')[1]?.length ?? 0;
  return (100 - Number(percent)).toFixed(decimals);
}
