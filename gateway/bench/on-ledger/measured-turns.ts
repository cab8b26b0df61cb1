// Updates that are recorded in turns by clients that are compared: how long each took, how many a second, and what it
// cost. Two clients are compared by the turns that lie next to each other, since a machine changes over a run.
import { performance } from 'node:perf_hooks';
import type { GatewayProcess } from './gateway-process.ts';
import type { PendingUpdate } from './open-rounds.ts';

/** A client that is measured. */
export interface Subject {
  readonly client: string;
  submit(update: PendingUpdate): Promise<unknown>;
}

export interface Measured {
  readonly durationsMs: number[];
  readonly seconds: number;
  /** Processor time of this process and of the gateway. */
  readonly cpuMs: number;
}

export interface Turn {
  readonly updates: readonly PendingUpdate[];
  readonly inFlight: number;
  readonly gateway: GatewayProcess;
}

export async function measure({ submit }: Subject, { updates, inFlight, gateway }: Turn): Promise<Measured> {
  const durationsMs: number[] = [];
  const waiting = updates.values();
  const begunMs = performance.now();
  const cpuMs = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000 + gateway.cpuMs();
  const cpuBeforeMs = cpuMs();
  const worker = async () => {
    for (const update of waiting) {
      const sentMs = performance.now();
      await submit(update);
      durationsMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begunMs) / 1000;
  return { durationsMs, seconds, cpuMs: cpuMs() - cpuBeforeMs };
}

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
};
export const rounded = (value: number): number => Number(value.toPrecision(3));
const sumOf = (turns: readonly Measured[], part: (turn: Measured) => number): number =>
  turns.reduce((sum, turn) => sum + part(turn), 0);
const pooled = (turns: readonly Measured[]): number =>
  sumOf(turns, ({ durationsMs }) => durationsMs.length) / sumOf(turns, ({ seconds }) => seconds);
const throughput = ({ durationsMs, seconds }: Measured): number => durationsMs.length / seconds;

/** Of all turns of one client. */
export function summaryOf(turns: readonly Measured[]) {
  const durationsMs = turns.flatMap((turn) => turn.durationsMs);
  return {
    transactions: durationsMs.length,
    perSecond: rounded(pooled(turns)),
    p50Ms: rounded(quantile(durationsMs, 0.5)),
    p95Ms: rounded(quantile(durationsMs, 0.95)),
    p99Ms: rounded(quantile(durationsMs, 0.99)),
    clientCpuMs: rounded(sumOf(turns, ({ cpuMs }) => cpuMs) / durationsMs.length),
  };
}

/** Throughput of one client over that of another: the median of their turns, and of all together. */
export const ratioOf = (turns: readonly Measured[], to: readonly Measured[]) => ({
  median: rounded(
    quantile(
      turns.map((turn, at) => throughput(turn) / throughput(to[at]!)),
      0.5,
    ),
  ),
  pooled: rounded(pooled(turns) / pooled(to)),
});
