// How far the clocks of others are from this host's: by the date with which a neighbour's gateway answers on the port
// for witnesses, which each host can ask by mutual TLS. A neighbour may say what it likes: only the middle counts.
import { request } from 'node:https';
import type { Finding, TlsProbe } from './finding.ts';

/** NTP keeps hosts within a fraction of a second. */
const NOTABLE_S = 5;
/** Peers refuse transactions that are five minutes away. */
const GRAVE_S = 60;
/** The date says whole seconds: on average half a second has passed since. */
const HALF_SECOND_MS = 500;

/** One neighbour's clock. */
export interface ClockReading {
  readonly mspId: string;
  /** Seconds, positive where it is ahead of this host's, as far as the answer shows; undefined where none came. */
  readonly ahead: number | undefined;
}

/** Asks, whatever the answer is about; undefined where nothing answers in time with a date. */
export function askClock(probe: TlsProbe, withinMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const begun = Date.now();
    const call = (() => {
      try {
        return request({ ...probe, ca: [...probe.ca], agent: false, method: 'HEAD', path: '/' });
      } catch {
        return undefined;
      }
    })();
    if (call === undefined) return resolve(undefined);
    const timer = setTimeout(() => call.destroy(new Error('too late')), withinMs);
    const end = (ahead: number | undefined) => {
      clearTimeout(timer);
      resolve(ahead);
      call.destroy();
    };
    call.once('error', () => end(undefined));
    call.once('response', ({ headers: { date = '' } }) => {
      const said = Date.parse(date);
      end(Number.isNaN(said) ? undefined : aheadBy(said, { begun, ended: Date.now() }));
    });
    call.end();
  });
}

/**
 * Seconds that a clock is surely ahead (or behind, negative), when it said this between two moments of ours.
 *
 * @param said milliseconds, of a whole second
 */
export function aheadBy(
  said: number,
  { begun, ended }: { readonly begun: number; readonly ended: number },
): number {
  const difference = said + HALF_SECOND_MS - (begun + ended) / 2;
  const unsure = HALF_SECOND_MS + (ended - begun) / 2;
  const surely = Math.max(0, Math.abs(difference) - unsure) / 1000;
  return difference < 0 && surely > 0 ? -surely : surely;
}

const stateOf = (ahead: number): Finding['state'] => {
  const away = Math.abs(ahead);
  if (away >= GRAVE_S) return 'wrong';
  return away >= NOTABLE_S ? 'soon' : 'good';
};
const inWords = (ahead: number): string => {
  const seconds = Math.round(Math.abs(ahead));
  return `${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} this host's`;
};

/** One finding for each neighbour, and one for this host by the middle of them. */
export function clockFindings(readings: readonly ClockReading[], now: Date): Finding[] {
  const known = readings.flatMap(({ ahead }) => (ahead === undefined ? [] : [ahead])).sort((a, b) => a - b);
  const each = readings.map(({ mspId, ahead }): Finding => {
    const what = `clock of ${mspId}`;
    if (ahead === undefined) return { what, state: 'unknown', text: 'its gateway gave no date' };
    const state = stateOf(ahead);
    if (state === 'good') return { what, state, text: `is within ${NOTABLE_S} s of this host's` };
    return { what, state, text: `is ${inWords(ahead)}: set both by NTP, and see which one changes` };
  });
  return [...each, ownClock(known, now)];
}

/** Others that differ among themselves say nothing of this host's: the nearer of the two in the middle counts. */
function ownClock(known: readonly number[], now: Date): Finding {
  const what = 'clock';
  if (known.length === 0) {
    return { what, state: 'unknown', text: `it is ${now.toISOString()} here: compare it with the others` };
  }
  const middle = [known[Math.floor((known.length - 1) / 2)]!, known[Math.floor(known.length / 2)]!];
  const nearer = middle.reduce((a, b) => (Math.abs(a) <= Math.abs(b) ? a : b));
  const state = stateOf(nearer);
  if (state === 'good')
    return { what, state, text: `it is ${now.toISOString()} here, as at most of the others` };
  return { what, state, text: `those of most others are ${inWords(nearer)}: set it by NTP` };
}
