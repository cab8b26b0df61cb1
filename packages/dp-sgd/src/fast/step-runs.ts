// Takes many steps in one run of ONNX Runtime (`step-loop.ts`), over tables of all rows that are built once.
import assert from 'node:assert/strict';
import { type OnnxSession, openSession, type TensorValue } from '@consilium/onnx-grad';
import type { RowColumn, StepCorrection, StepLoop } from '@consilium/onnx-grad/step';
import { type PreparedUnits, prepareUnits, type TrainingUnits } from '../training-units.ts';
import { lineCount, type RowScale, rowColumn, rowTable } from './row-tables.ts';

/** Values of noise, and of rows' features, per run, at most. */
const NOISE_VALUES = 2 ** 17;
const ROW_VALUES = 2 ** 19;
const MOST_STEPS = 128;

/** Steps of one run: enough that the call costs little, few enough that it takes milliseconds. A public number. */
export function stepsPerRun({ units, rowsPerUnit, features, parameterCount }: StepLoop): number {
  const values = Math.min(NOISE_VALUES / parameterCount, ROW_VALUES / (units * rowsPerUnit * features));
  return Math.max(1, Math.min(MOST_STEPS, Math.floor(values)));
}

/** The state of gradient descent, [parameterCount] each. */
export interface DescentState {
  readonly parameters: Float64Array;
  readonly velocity: Float64Array;
  /** Where the loop averages parameters. */
  readonly average?: Float64Array;
}

/** All that is drawn or fixed for the steps of a run. */
export interface DrawnSteps {
  /** Units of each step's batch. */
  readonly batches: Uint32Array[];
  /** [steps · parameterCount] */
  readonly noise: Float64Array;
  /** η and 1 - ηλ of each step. */
  readonly rates: Float64Array;
  readonly kept: Float64Array;
  /** w of each step, where parameters are averaged. */
  readonly shares: Float64Array;
}

/** Steps of a run, from `first` to before `end`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

interface RunOptions {
  readonly stepsPerRun?: number;
  /** Draws that are shared with other runs of the same size; its own by default. */
  readonly drawn?: DrawnSteps | undefined;
}

/** What each mean is corrected by, [parameterCount] each, as far as the loop takes it. */
export type Corrections = Partial<Readonly<Record<StepCorrection, Float64Array>>>;

/** A column: its number for each line of the tables, and for each row of a run. */
interface LaidColumn {
  readonly input: RowColumn;
  readonly lines: Float32Array | Float64Array;
  readonly laid: Float32Array | Float64Array;
}

const doubles = (data: Float64Array, shape: readonly number[]): TensorValue => ({
  type: 'float64',
  data,
  shape,
});

const stateOf = ({ parameterCount: count, averages }: StepLoop): DescentState => ({
  parameters: new Float64Array(count),
  velocity: new Float64Array(count),
  ...(averages && { average: new Float64Array(count) }),
});

function isWhole(values: Float64Array): boolean {
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

/** Runs of a step loop over one hospital's units. */
export class StepRuns {
  /** Steps of one run at most. */
  readonly steps: number;
  /** Units in one step's batch at most: the last unit of each step is padding. */
  readonly capacity: number;
  /** What clipped gradients are summed in. */
  readonly sumType: StepLoop['sumType'];
  readonly #session: OnnxSession;
  readonly #loop: StepLoop;
  /** Inputs that are the same in all runs. */
  readonly #fixed: Readonly<Record<string, TensorValue>>;
  /** Inputs that are the same in all runs of a round. */
  readonly #corrections: ReadonlyMap<StepCorrection, Float64Array>;
  readonly #columns: readonly LaidColumn[];
  readonly #rowOffsets: Uint32Array;
  readonly #emptyLine: number;
  readonly #lineIndices: Int32Array;
  readonly #before: DescentState;
  readonly #after: DescentState;
  /** Prepared runs from the first step on, by number of steps: nearly all runs of a training have the same number. */
  readonly #prepared = new Map<number, () => Promise<void>>();
  /** For the caller to fill before a run. */
  readonly drawn: DrawnSteps;

  static async open(loop: StepLoop, units: TrainingUnits, options: RowScale & RunOptions): Promise<StepRuns> {
    const session = await openSession(loop.bytes, { threads: 1 });
    return new StepRuns(session, { loop, units: prepareUnits(units), ...options });
  }

  private constructor(
    session: OnnxSession,
    options: RowScale & RunOptions & { readonly loop: StepLoop; readonly units: PreparedUnits },
  ) {
    const { loop, units, clipNormL2, latticePerUnit } = options;
    this.#session = session;
    this.#loop = loop;
    this.steps = Math.min(stepsPerRun(loop), options.stepsPerRun ?? MOST_STEPS);
    this.capacity = loop.units - 1;
    this.sumType = loop.sumType;
    const rowCount = this.steps * loop.units * loop.rowsPerUnit;
    const scaled = { ...loop, clipNormL2, latticePerUnit };
    this.#corrections = new Map(
      loop.corrections.map((name) => [name, new Float64Array(loop.parameterCount)]),
    );
    this.#fixed = Object.fromEntries([
      ...loop.tables.map((table) => [table, rowTable(table, units, scaled)]),
      ...[...this.#corrections].map(([name, values]) => [name, doubles(values, [1, loop.parameterCount])]),
    ]);
    this.#columns = loop.columns.map((input) => {
      const lines = rowColumn(input, units, scaled);
      const isFloat = lines instanceof Float32Array;
      return { input, lines, laid: isFloat ? new Float32Array(rowCount) : new Float64Array(rowCount) };
    });
    this.#rowOffsets = units.rowOffsets;
    this.#emptyLine = lineCount(units) - 1;
    this.#lineIndices = new Int32Array(rowCount);
    const { parameterCount } = loop;
    this.#before = stateOf(loop);
    this.#after = stateOf(loop);
    this.drawn = options.drawn ?? {
      batches: new Array<Uint32Array>(this.steps),
      noise: new Float64Array(this.steps * parameterCount),
      rates: new Float64Array(this.steps),
      kept: new Float64Array(this.steps),
      shares: new Float64Array(this.steps),
    };
  }

  /**
   * The state after the steps of a range, valid until the next run; or undefined where it is not finite. The caller
   * then takes these steps in runs of one, with the same draws, and a step that is still not finite by the graph of one
   * step.
   *
   * **No patient decides that.** A loop with a mask leaves out units that overflow within each step, and one without
   * runs only where none can (`finite-runs.ts`). Each step has a padding unit. So a sum is not finite exactly where a
   * factor of a padding unit is not, which follows from the parameters before the step: from what was released before,
   * however it came about. (Finite integers and noise move a finite state to a finite one: numbers of a plan are
   * moderate, see `checkTrainingPlan`; and so is the average of finite parameters.)
   *
   * **Nothing is released twice.** At most one sum with a step's noise leaves this thread: parameters leave it when the
   * round ends. A state that is not finite is discarded here, and its only effect is that the same steps, with the same
   * batches and noise, are taken in runs of one. Those give the same results, to the bit, so that the first steps do
   * not change. So a step's integers are fixed before its noise is, and `calibrateNoise` bounds them
   * whichever way they are computed.
   */
  async run(state: DescentState, range: Range): Promise<DescentState | undefined> {
    const batches = this.drawn.batches.slice(range.first, range.end);
    assert(batches.length > 0 && batches.every(({ length }) => length <= this.capacity));
    this.#layOut(batches);
    this.#before.parameters.set(state.parameters);
    this.#before.velocity.set(state.velocity);
    if (state.average !== undefined) this.#before.average?.set(state.average);
    await this.#runOf(range)();
    const { parameters, velocity } = this.#after;
    return isWhole(parameters) && isWhole(velocity) ? this.#after : undefined;
  }

  /** What means are corrected by from now on; zero before the first call. */
  correct(corrections: Corrections): void {
    for (const [name, own] of this.#corrections) {
      const values = corrections[name];
      assert(values !== undefined, `the loop takes ${name}`);
      own.set(values);
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #runOf(range: Range): () => Promise<void> {
    if (range.first > 0) return this.#prepare(range);
    const run = this.#prepared.get(range.end) ?? this.#prepare(range);
    this.#prepared.set(range.end, run);
    return run;
  }

  #prepare({ first, end }: Range): () => Promise<void> {
    const { noise, rates, kept, shares } = this.drawn;
    const { parameterCount: count, units, rowsPerUnit, decays, averages } = this.#loop;
    const [steps, rows] = [end - first, units * rowsPerUnit];
    const columns = this.#columns.map(({ input, laid }): [string, TensorValue] => {
      const type = laid instanceof Float32Array ? 'float32' : 'float64';
      return [input, { type, data: laid.subarray(0, steps * rows), shape: [steps, rows, 1] }];
    });
    const state = (values: DescentState, when: 'Before' | 'After') =>
      Object.fromEntries(
        Object.entries(values).map(([name, own]) => [`${name}${when}`, doubles(own, [1, count])]),
      );
    const inputs = {
      ...this.#fixed,
      ...Object.fromEntries(columns),
      lineIndices: {
        type: 'int32',
        data: this.#lineIndices.subarray(0, steps * rows),
        shape: [steps, rows],
      } as const,
      noise: doubles(noise.subarray(first * count, end * count), [steps, 1, count]),
      rates: doubles(rates.subarray(first, end), [steps, 1]),
      ...(decays && { kept: doubles(kept.subarray(first, end), [steps, 1]) }),
      ...(averages && { shares: doubles(shares.subarray(first, end), [steps, 1]) }),
      ...state(this.#before, 'Before'),
    };
    return this.#session.prepare(inputs, state(this.#after, 'After'));
  }

  /** Which line of the tables each row of a run takes: the rows of each batch, and the empty line for padding. */
  #layOut(batches: readonly Uint32Array[]): void {
    const { units, rowsPerUnit } = this.#loop;
    const lineIndices = this.#lineIndices;
    const offsets = this.#rowOffsets;
    const used = batches.length * units * rowsPerUnit;
    lineIndices.fill(this.#emptyLine, 0, used);
    for (const [step, batch] of batches.entries()) {
      for (let index = 0; index < batch.length; index++) {
        const unit = batch[index]!;
        let row = (step * units + index) * rowsPerUnit;
        for (let line = offsets[unit]!; line < offsets[unit + 1]!; line++) lineIndices[row++] = line;
      }
    }
    for (const { lines, laid } of this.#columns) {
      for (let row = 0; row < used; row++) laid[row] = lines[lineIndices[row]!]!;
    }
  }
}
