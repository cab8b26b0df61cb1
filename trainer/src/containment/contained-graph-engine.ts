// Reads, probes and runs studies' graphs in processes of their own, one for each graph at work: what a graph kills,
// hangs or exhausts is its own process, and its study is refused by name while the others go on.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { RoundInput, RoundResult } from '@consilium/dp-sgd';
import type { CodeInput, RawOutputs } from '@consilium/onnx-grad';
import { GraphRefusedError, TrainerError, type TrainerErrorOptions } from '../errors.ts';
import { ContainedProcess, TaskFailedError, type TaskHooks, type TaskLimits } from './contained-process.ts';
import { checkFacts, checkOutputs, checkRoundResult, checkWritten } from './graph-answers.ts';
import type { GraphEngine, GraphFacts, RoundOptions } from './graph-engine.ts';
import { areHeld, type GraphTask, type HeldRows, rowsOf } from './graph-task.ts';
import { namedFeatures, namedUnits } from './row-digests.ts';

export interface ContainmentOptions {
  /** Ends all processes and what they are at. */
  readonly signal?: AbortSignal;
  /** Of a training; a process that reads or scores has a third of it. By default two fifths of the machine's. */
  readonly memoryBytes?: number;
  /** Of reading, writing and probing a graph of little data. */
  readonly readCpuMs?: number;
  /** Of scoring rows. */
  readonly scoreCpuMs?: number;
  /** Of anything that says nothing of its progress; a large graph that is read may take longer. */
  readonly silentMs?: number;
  /** Another program, in tests. */
  readonly program?: string;
}

type Limits = Required<Omit<ContainmentOptions, 'signal' | 'program'>>;

const MIB = 2 ** 20;
const LEAST_MEMORY_BYTES = 768 * MIB;

/** Times what reading a graph may take: its training step is built and run once. */
const PREPARING = 4;

/** Processes that read or score at the same time; those that train take turns. */
const READERS = 3;
const READER_SHARE = 1 / 3;
/** A process that waits for another task of its graph. */
const IDLE_MS = 60_000;
const IDLE_PROCESSES = 2;
/** One that has become larger is not kept. */
const IDLE_BYTES = 512 * MIB;

function memoryOfMachine(): number {
  // Of a container, its own; a number without meaning where it has no limit.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** One that its owner cannot put anything into, either. */
function emptyDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), 'consilium-graphs-'));
    chmodSync(directory, 0o500);
    return directory;
  } catch (cause) {
    const detail = `no folder for it can be made in ${tmpdir()}: ${(cause as Error).message}`;
    throw new TrainerError('TRAINER_GRAPH_PROCESS_FAILED', detail, { cause });
  }
}

/** Lets so many at a time do something; the others wait their turn. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

interface Idle {
  readonly key: string;
  readonly process: ContainedProcess;
  readonly timer: NodeJS.Timeout;
}

export class ContainedGraphEngine implements GraphEngine {
  readonly #options: Limits & Pick<ContainmentOptions, 'signal' | 'program'>;
  readonly #readers = new Turns(READERS);
  readonly #trainers = new Turns(1);
  #idle: Idle[] = [];
  /** How often rows were let go of. */
  #lettingsGo = 0;
  #directory: string | undefined;

  constructor(options: ContainmentOptions = {}) {
    this.#options = {
      memoryBytes: Math.max(LEAST_MEMORY_BYTES, Math.floor((memoryOfMachine() * 2) / 5)),
      readCpuMs: 30_000,
      scoreCpuMs: 600_000,
      silentMs: 900_000,
      ...options,
    };
    const end = () => void this.close();
    options.signal?.addEventListener('abort', end, { once: true });
  }

  async read(graph: Uint8Array): Promise<GraphFacts> {
    return checkFacts(await this.#perform({ kind: 'read', graph }, this.#readLimits(graph)));
  }

  async probe(graph: Uint8Array, codes: readonly CodeInput[] = []): Promise<void> {
    await this.#perform({ kind: 'probe', graph, codes }, this.#readLimits(graph));
  }

  async write(graph: Uint8Array, values: Float64Array): Promise<Uint8Array> {
    return checkWritten(await this.#perform({ kind: 'write', graph, values }, this.#readLimits(graph)));
  }

  async outputs(
    graph: Uint8Array,
    { values, features }: { readonly values: Float64Array; readonly features: Float32Array },
  ): Promise<RawOutputs> {
    const { scoreCpuMs: cpuMs, silentMs } = this.#options;
    const task = { kind: 'outputs', graph, values, rows: namedFeatures(features) } as const;
    return checkOutputs(await this.#perform(task, { cpuMs, silentMs }));
  }

  async trainRound(input: RoundInput, options: RoundOptions = {}): Promise<RoundResult> {
    const { deadlineMs, rounds = 1, ...hooks } = options;
    const parameters = Float64Array.from(input.parameters);
    const { silentMs } = this.#options;
    // Once it is prepared, a round takes what it takes, as long as it goes on.
    const cpuMs = PREPARING * this.#readLimits(input.model).cpuMs;
    const limits = { cpuMs, silentMs, deadlineMs };
    const units = namedUnits(input.units);
    const task = { kind: 'train', input: { ...input, parameters, units, rounds } } as const;
    return checkRoundResult(await this.#perform(task, limits, hooks), input);
  }

  async letGoOfRows(): Promise<void> {
    this.#lettingsGo++;
    await this.#endIdle();
  }

  /** Ends every process that waits; those at work are ended by the signal. */
  async close(): Promise<void> {
    const ended = this.#endIdle();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
    await ended;
  }

  async #endIdle(): Promise<void> {
    const idle = this.#idle;
    this.#idle = [];
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ process }) => process.close()));
  }

  /** More for a graph of many weights. */
  #readLimits({ length }: Uint8Array): TaskLimits {
    const cpuMs = this.#options.readCpuMs + (length / MIB) * 150;
    // A machine that is busy gives it little of its processors: their time decides, and this is for what takes none.
    return { cpuMs, silentMs: Math.max(this.#options.silentMs, 20 * cpuMs) };
  }

  #perform(task: GraphTask, limits: TaskLimits, hooks: TaskHooks = {}): Promise<unknown> {
    const turns = task.kind === 'train' ? this.#trainers : this.#readers;
    return turns.take(() => this.#performInTurn(task, limits, hooks));
  }

  async #performInTurn(task: GraphTask, limits: TaskLimits, hooks: TaskHooks): Promise<unknown> {
    const isTraining = task.kind === 'train';
    const { memoryBytes, signal: stopping } = this.#options;
    const signal = AbortSignal.any([stopping, hooks.signal].filter((own) => own !== undefined));
    signal.throwIfAborted();
    const graph = isTraining ? task.input.model : task.graph;
    const key = `${isTraining ? 'train' : 'read'} ${createHash('sha256').update(graph).digest('hex')}`;
    const lettingsGo = this.#lettingsGo;
    const contained = this.#take(key, isTraining ? memoryBytes : memoryBytes * READER_SHARE);
    try {
      return await contained.run(forProcess(task, contained), limits, { ...hooks, signal });
    } catch (error) {
      if (error instanceof TaskFailedError) throw refusalFor(error, task.kind, { memoryBytes });
      throw error;
    } finally {
      if (lettingsGo === this.#lettingsGo) this.#putBack(key, contained);
      else void contained.close();
    }
  }

  #take(key: string, memoryBytes: number): ContainedProcess {
    const at = this.#idle.findIndex((own) => own.key === key && own.process.isAlive);
    if (at >= 0) {
      const [{ process, timer }] = this.#idle.splice(at, 1) as [Idle];
      clearTimeout(timer);
      process.hold(true);
      return process;
    }
    // What tidies temporary folders may have removed it.
    if (this.#directory === undefined || !existsSync(this.#directory)) this.#directory = emptyDirectory();
    const { program } = this.#options;
    return new ContainedProcess({ memoryBytes, directory: this.#directory, program });
  }

  #putBack(key: string, process: ContainedProcess): void {
    const isKept = process.isAlive && process.residentBytes < IDLE_BYTES && !this.#options.signal?.aborted;
    if (!isKept) {
      void process.close();
      return;
    }
    process.hold(false);
    const timer = setTimeout(() => {
      this.#idle = this.#idle.filter((own) => own.process !== process);
      void process.close();
    }, IDLE_MS).unref();
    this.#idle.push({ key, process, timer });
    if (this.#idle.length <= IDLE_PROCESSES) return;
    const [oldest] = this.#idle.splice(0, 1) as [Idle];
    clearTimeout(oldest.timer);
    void oldest.process.close();
  }
}

/** Without the rows, where the process holds them. */
function forProcess(task: GraphTask, { heldRows }: ContainedProcess): GraphTask {
  if (heldRows === undefined || rowsOf(task)?.sha256 !== heldRows) return task;
  if (task.kind === 'outputs' && !areHeld(task.rows.sent)) return task;
  const held: HeldRows<never> = { sha256: heldRows, sent: undefined };
  if (task.kind === 'train') return { ...task, input: { ...task.input, units: held } };
  return task.kind === 'outputs' ? { ...task, rows: held } : task;
}

const WORDS: Readonly<Record<GraphTask['kind'], string>> = {
  read: 'reading the graph',
  probe: 'trying the graph',
  write: 'writing the graph',
  outputs: 'running the graph on rows',
  train: 'training with the graph',
};
const SMALLER = 'take a smaller model, or shorter sequences';

/** How a process ends that gets no memory: by the runtime's or the heap's own hand, or the system's. */
const OUT_OF_MEMORY_SIGNALS: readonly (NodeJS.Signals | null)[] = ['SIGABRT', 'SIGKILL', 'SIGTRAP'];

function refusalFor(
  error: TaskFailedError,
  kind: GraphTask['kind'],
  { memoryBytes }: { readonly memoryBytes: number },
): TrainerError {
  const { failure, drawn } = error;
  const refuse = (
    code: 'TRAINER_MODEL_INVALID' | 'TRAINER_MODEL_TOO_EXPENSIVE',
    detail: string,
    listed: Pick<TrainerErrorOptions, 'problems' | 'total'> = {},
  ) => new GraphRefusedError(code, detail, { drawn, cause: error, ...listed });
  const work = WORDS[kind];
  switch (failure.kind) {
    case 'refused':
      if (failure.isTooLarge) {
        const detail = `${work} takes more memory than this machine gives it: ${SMALLER}`;
        return refuse('TRAINER_MODEL_TOO_EXPENSIVE', detail);
      }
      return refuse('TRAINER_MODEL_INVALID', failure.reason, failure);
    case 'ended': {
      const share = Math.floor((kind === 'train' ? memoryBytes : memoryBytes * READER_SHARE) / MIB);
      const taken = {
        cpu: 'took more processor time than it may',
        silence: 'went on for too long without getting further',
        deadline: "was not done by the round's deadline",
        memory: `took more than the ${share} MiB of memory that it may (CONSILIUM_GRAPH_MEMORY_MIB)`,
      }[failure.limit];
      return refuse('TRAINER_MODEL_TOO_EXPENSIVE', `${work} ${taken}: ${SMALLER}`);
    }
    case 'died': {
      const how = failure.signal ?? `exit code ${failure.code}`;
      if (OUT_OF_MEMORY_SIGNALS.includes(failure.signal)) {
        const detail = `${work} ended its process (${how}), most likely because it lacked memory: ${SMALLER}`;
        return refuse('TRAINER_MODEL_TOO_EXPENSIVE', detail);
      }
      const detail = `${work} ended its process (${how}): export the model to another operator set`;
      return refuse('TRAINER_MODEL_INVALID', detail);
    }
    case 'not-started':
      return new TrainerError('TRAINER_GRAPH_PROCESS_FAILED', undefined, { cause: error });
  }
}
