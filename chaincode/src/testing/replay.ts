// Replays a recording in this process's circumstances and says where its outcomes differ:
//   node replay.js RECORDING '{"clockMs": 0, "reversed": false}'
// Prints one line of JSON: how many transactions were executed, and the first that differ. With `mistakes`, for each of
// them how many transactions differ where the chaincode makes it.
import { readFileSync } from 'node:fs';
import { execute } from './execute.ts';
import { MemoryStub } from './memory-stub.ts';
import { outcomeOf, type Recorded, refusalText, worldOf } from './recording.ts';

export interface Circumstances {
  /** How far this process believes the time to be from the machine's. */
  readonly clockMs: number;
  /** From the last to the first: what is asked of a young process then, an old one is asked otherwise. */
  readonly reversed: boolean;
  /** Mistakes of the kind that the guard is there for, each made on purpose in a replay of its own. */
  readonly mistakes?: readonly Mistake[];
}

export type Mistake = keyof typeof MISTAKES;

const CLOCK_TOLERANCE_MS = 290_000;
let executed = 0;

/** What a careless chaincode might put into an answer. */
export const MISTAKES = {
  clock: (response: string) => `${response} ${Math.floor(Date.now() / 86_400_000)}`,
  'time-zone': (response: string, at: Date) => `${response} ${at.getHours()}:${at.getMinutes()}`,
  locale: (response: string) => `${response} ${(1234.5).toLocaleString()}`,
  environment: (response: string) => `${response} ${process.env.HOME}`,
  age: (response: string) => `${response} ${executed}`,
  randomness: (response: string) => `${response} ${Math.random()}`,
  'map order': (response: string) => `${response} ${orderOf(response)}`,
  collation: (response: string) => `${response} ${['ı', 'i', 'I', 'İ'].map((c) => c.toLocaleUpperCase())}`,
} as const;

const met = new Map<string, number>();
/** What this process has been asked before, in the order in which a Map keeps it. */
function orderOf(response: string): string {
  met.set(response.slice(0, 40), met.size);
  return [...met.keys()].slice(0, 3).join();
}

/** Lets this process believe in another time. */
function setClock(clockMs: number): void {
  const Machine = Date;
  globalThis.Date = new Proxy(Machine, {
    construct: (target, args: ConstructorParameters<typeof Date>) =>
      (args as unknown[]).length === 0 ? new target(Machine.now() + clockMs) : new target(...args),
    get: (target, property) =>
      property === 'now' ? () => Machine.now() + clockMs : Reflect.get(target, property),
  });
}

async function outcome(recorded: Recorded, mistake?: Mistake): Promise<string> {
  const { name, text, peer, sent } = recorded;
  const at = new Date(recorded.proposal.at);
  const proposal = { ...recorded.proposal, at };
  const stub = new MemoryStub(worldOf(recorded), proposal, peer);
  // Peers' clocks differ within what they tolerate; whom one refused for the time is asked at its time.
  const late = recorded.outcome.startsWith('refused: CLOCK_SKEW');
  const tolerated =
    Math.round(((executed * 7919) % 1000) / 500 - 1) * CLOCK_TOLERANCE_MS * recorded.clockError;
  const now = late ? recorded.now : at.getTime() + tolerated;
  executed++;
  try {
    const response = await execute(name, text, { stub, proposal, sent, now, log: () => {} });
    return outcomeOf(stub, mistake === undefined ? response : MISTAKES[mistake](response, at));
  } catch (error) {
    return refusalText(error);
  }
}

/** Those that differ, as a process answers them that has been asked nothing before. */
async function differing(recording: readonly Recorded[], mistake?: Mistake): Promise<string[]> {
  executed = 0;
  met.clear();
  const different: string[] = [];
  for (const recorded of recording) {
    const found = await outcome(recorded, mistake);
    if (found !== recorded.outcome) different.push(`${recorded.name}: ${found} was ${recorded.outcome}`);
  }
  return different;
}

async function main([file = '', given = '{}']: readonly string[]): Promise<void> {
  const { clockMs, reversed, mistakes } = JSON.parse(given) as Circumstances;
  setClock(clockMs);
  const recording = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
  if (reversed) recording.reverse();
  if (mistakes !== undefined) {
    const found: [Mistake, number][] = [];
    for (const mistake of mistakes) found.push([mistake, (await differing(recording, mistake)).length]);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(found))}\n`);
    return;
  }
  const different = await differing(recording);
  const examples = different.slice(0, 3).map((line) => line.slice(0, 2000));
  process.stdout.write(`${JSON.stringify({ executed, different: different.length, examples })}\n`);
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
