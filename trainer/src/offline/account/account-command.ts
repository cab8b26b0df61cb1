// `consilium-trainer account`: what a plan costs in privacy, or how much noise it needs, without a ledger.
import { EXIT, InputError, processTerminal, reportError, type Terminal } from '@consilium/command-line';
import { calibrateNoiseByPld, epsilonByPld, epsilonByRenyiSeries } from '@consilium/dp-accountant';
import { type AccountRequest, readAccountRequest } from './account-request.ts';

export const ACCOUNT_HELP = `consilium-trainer account: what private training costs in privacy, before it is done

  consilium-trainer account --noise-multiplier S --sampling-rate Q --steps T --delta D
      epsilon at delta D of T steps, each of which draws every unit with probability Q and adds Gaussian noise
      of S times the clip norm (neighbours: one unit added or removed)
  consilium-trainer account --events FILE --delta D
      the same for a JSON list of { "noiseMultiplier", "samplingRate", "steps" }, composed
  consilium-trainer account --target-epsilon E --sampling-rate Q --steps T --delta D
      the smallest noise multiplier, of 4 decimals, whose tight epsilon is at most E

  --json    one JSON object: { "epsilonPld", "epsilonRdp" } or { "noiseMultiplier" }
  --help    this text

epsilonPld is the tight bound, by privacy loss distributions; epsilonRdp the looser one, by Renyi costs. Both are
upper bounds.

Exit codes: 0 answered; 2 wrong usage, or no answer: no noise reaches the target, or the cost has no bound.
`;

/** The question is sound and has no answer. */
class NoAnswerError extends InputError {
  override readonly name = 'NoAnswerError';
}

function bounded(epsilon: number): number {
  if (Number.isFinite(epsilon)) return epsilon;
  throw new NoAnswerError('epsilon has no bound at this delta: raise --noise-multiplier or --delta');
}

/** Six decimals, rounded up. */
const spoken = (epsilon: number): string => (Math.ceil(epsilon * 1e6) / 1e6).toString();

function answer(request: AccountRequest): { readonly json: object; readonly text: string } {
  const { delta } = request;
  if (request.kind === 'cost') {
    const epsilonPld = bounded(epsilonByPld(request.events, delta));
    const epsilonRdp = bounded(epsilonByRenyiSeries(request.events, delta));
    const text = [
      `epsilon at delta ${delta}: ${spoken(epsilonPld)} (tight, privacy loss distributions)`,
      `${' '.repeat(`epsilon at delta ${delta}`.length)}  ${spoken(epsilonRdp)} (Renyi)`,
    ];
    return { json: { epsilonPld, epsilonRdp }, text: `${text.join('\n')}\n` };
  }
  const { targetEpsilon, samplingRate, steps } = request;
  try {
    const target = { targetEpsilon, delta, samplingRate, steps };
    const noiseMultiplier = calibrateNoiseByPld(target);
    const text = `noise multiplier ${noiseMultiplier}: epsilon at most ${targetEpsilon} at delta ${delta}\n`;
    return { json: { noiseMultiplier }, text };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new NoAnswerError(`${cause.message}: raise --target-epsilon or --delta`, { cause });
  }
}

/**
 * Runs the command with the words after its name, and resolves to its exit code: 0 answered, 2 wrong usage or
 * no answer. Standard output holds the answer alone, standard error the problems, one a line.
 */
export async function runAccountCommand(
  argv: readonly string[],
  output: Terminal = processTerminal,
): Promise<number> {
  try {
    const request = await readAccountRequest(argv);
    if (request === 'help') {
      output.out(ACCOUNT_HELP);
      return EXIT.done;
    }
    const { json, text } = answer(request);
    output.out(request.json ? `${JSON.stringify(json)}\n` : text);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return reportError(error, 'consilium-trainer account', output);
  }
}
