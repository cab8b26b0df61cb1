// Recordings of transactions: what a peer was asked, what it saw of the world, and what it answered, one line
// each, so that another process in other circumstances can be asked the same and compared to the byte.
import { hash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { MemoryStub, Proposal, Version, World } from './memory-stub.ts';

export interface Recorded {
  readonly name: string;
  readonly text: string;
  readonly peer: string;
  readonly proposal: Omit<Proposal, 'at'> & { readonly at: string };
  readonly sent: { readonly proposal: string; readonly signature: string } | undefined;
  /** The peer's clock, in epoch milliseconds. */
  readonly now: number;
  /** How much of their usual error the peers' clocks had. */
  readonly clockError: number;
  /** Each with its key-level policy in base64, where it has one. */
  readonly rows: readonly [key: string, value: string, version: number, policy?: string][];
  readonly history: readonly [key: string, versions: (Omit<Version, 'value'> & { value: string })[]][];
  /** The response and the results in JSON, or what the peer refused with. */
  readonly outcome: string;
}

/** What a transaction answered and wrote, as one text to compare. */
export const outcomeOf = (stub: MemoryStub, response: string): string =>
  JSON.stringify({ response, ...stub.results });
export const refusalText = (error: unknown): string => `refused: ${(error as Error).message}`;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** What is in the recording already: many tests begin alike. */
const recorded = new Set<string>();

/** Adds one execution to the recording, with as much of the world as it saw; what was recorded before, once only. */
export function record(
  file: string,
  { world, stub, ...asked }: Omit<Recorded, 'rows' | 'history'> & { world: World; stub: MemoryStub },
): void {
  const { keys, ranges, histories } = stub.seen;
  const rows = [...world.rows]
    .filter(([key]) => keys.has(key) || ranges.some((prefix) => key.startsWith(prefix)))
    .map(([key, { value, version, policy }]) => [
      key,
      text(value),
      version,
      ...(policy === undefined ? [] : [Buffer.from(policy).toString('base64')]),
    ]);
  const history = [...histories].map((key) => [
    key,
    (world.history.get(key) ?? []).map((version) => ({ ...version, value: text(version.value) })),
  ]);
  const line = `${JSON.stringify({ ...asked, rows, history })}\n`;
  const digest = hash('sha256', line);
  if (recorded.has(digest)) return;
  recorded.add(digest);
  appendFileSync(file, line);
}

/** The part of the world that a recorded transaction saw. */
export function worldOf({ rows, history }: Recorded): World {
  return {
    rows: new Map(
      rows.map(([key, value, version, policy]) => [
        key,
        {
          value: Buffer.from(value),
          version,
          policy: policy === undefined ? undefined : Buffer.from(policy, 'base64'),
        },
      ]),
    ),
    history: new Map(
      history.map(([key, versions]) => [
        key,
        versions.map((version) => ({ ...version, value: Buffer.from(version.value) })),
      ]),
    ),
  };
}
