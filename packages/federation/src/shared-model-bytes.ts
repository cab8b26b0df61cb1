// Canonical bytes of the shared state after a round: the plaintext of an aggregate's artefact. Members attest their
// SHA-256, and so agree on the state of the study's rules as on the model itself.
import { assert, sha256Hex } from '#platform';
import type { ControlVariates } from './control-variates.ts';
import {
  decodeParameters,
  decodeValues,
  encodeParameters,
  encodeValues,
  ParameterFormatError,
  parameterBytes,
} from './parameter-lattice.ts';
import { AVERAGE_SHIFT, FULL_WEIGHT, type RoundAverage } from './round-average.ts';
import type { ServerOptimizerPlan, ServerOptimizerState } from './server-optimizer.ts';
import type { FederationPlan, SharedModel } from './shared-model.ts';

/** Moments: magic `CNSM`, version (1 byte), moments per parameter (1), two zero bytes; first and second moments. */
const MOMENTS_MAGIC = 0x434e534d;
const VERSION = 1;
const HEADER_BYTES = 8;
const FIRST_BYTES = 8;
const SECOND_BYTES = 16;
const LOW = (1n << 64n) - 1n;

/** Variates: magic `CNSV`, version (1 byte), three zero bytes, count (uint32); each: name's length (1), name, int32s */
const VARIATES_MAGIC = 0x434e5356;
const VARIATES_HEADER_BYTES = 12;
const LONGEST_NAME = 255;
const NAME = /^[!-~]{1,255}$/;

/** The average: magic `CNSA`, version (1 byte), three zero bytes, weight (uint64); values (int64 each). */
const AVERAGE_MAGIC = 0x434e5341;
const AVERAGE_HEADER_BYTES = 16;
const AVERAGE_BYTES = 8;
/** Of a value on the parameters' lattice, in steps of the average. */
const AVERAGE_RANGE = { low: -(1n << 31n) << AVERAGE_SHIFT, high: ((1n << 31n) - 1n) << AVERAGE_SHIFT };

type Plan = Pick<FederationPlan, 'serverOptimizer' | 'control' | 'averaging'>;

const hasSecond = ({ kind }: ServerOptimizerPlan): boolean => kind !== 'fedavgm';

function momentsBytes(plan: ServerOptimizerPlan, parameterCount: number): number {
  return HEADER_BYTES + parameterCount * (FIRST_BYTES + (hasSecond(plan) ? SECOND_BYTES : 0));
}

const averageBytes = (parameterCount: number): number =>
  AVERAGE_HEADER_BYTES + parameterCount * AVERAGE_BYTES;

/** How long the canonical bytes of a plan's models are at most. */
export function mostSharedModelBytes(
  { serverOptimizer, control, averaging }: Plan,
  { parameterCount, sites }: { readonly parameterCount: number; readonly sites: number },
): number {
  const own = parameterBytes(parameterCount);
  const moments = serverOptimizer === undefined ? 0 : momentsBytes(serverOptimizer, parameterCount);
  const variates = VARIATES_HEADER_BYTES + sites * (1 + LONGEST_NAME + 4 * parameterCount);
  const average = averaging === undefined ? 0 : averageBytes(parameterCount);
  return own + moments + (control === undefined ? 0 : variates) + average;
}

/**
 * One form for one model: parameters as `encodeParameters` has them; then, where the plan has a server optimiser, first
 * moments as int64 and second ones (not for fedavgm) as uint128; then, where it has control variates, those of each
 * site that has some, by name, as int32; then, where it averages its models, the average as int64. All little-endian.
 */
export function encodeSharedModel(model: SharedModel, plan: Plan): Uint8Array {
  const { parameters, moments, variates, average } = model;
  const { serverOptimizer, control, averaging } = plan;
  const parts = [encodeParameters(parameters)];
  if (serverOptimizer !== undefined) {
    assert(moments !== undefined, 'a plan with a server optimiser has moments');
    parts.push(encodeMoments(moments, serverOptimizer));
  }
  if (control !== undefined) {
    assert(variates !== undefined, 'a plan with control has variates');
    parts.push(...encodeVariates(variates));
  }
  if (averaging !== undefined) {
    assert(average !== undefined, 'a plan with averaging has an average');
    parts.push(encodeAverage(average));
  }
  return parts.length === 1 ? parts[0]! : concatenated(parts);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function encodeMoments(moments: ServerOptimizerState, plan: ServerOptimizerPlan): Uint8Array {
  const bytes = new Uint8Array(momentsBytes(plan, moments.first.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MOMENTS_MAGIC, false);
  view.setUint8(4, VERSION);
  view.setUint8(5, hasSecond(plan) ? 2 : 1);
  let at = HEADER_BYTES;
  for (const value of moments.first) {
    view.setBigInt64(at, value, true);
    at += FIRST_BYTES;
  }
  if (!hasSecond(plan)) return bytes;
  for (const value of moments.second) {
    view.setBigUint64(at, value & LOW, true);
    view.setBigUint64(at + 8, value >> 64n, true);
    at += SECOND_BYTES;
  }
  return bytes;
}

function encodeVariates(variates: ControlVariates): Uint8Array[] {
  const header = new DataView(new ArrayBuffer(VARIATES_HEADER_BYTES));
  header.setUint32(0, VARIATES_MAGIC, false);
  header.setUint8(4, VERSION);
  header.setUint32(8, variates.size, true);
  const parts: Uint8Array[] = [new Uint8Array(header.buffer)];
  for (const site of [...variates.keys()].sort()) {
    assert(NAME.test(site), 'names of sites are short and in ASCII');
    parts.push(Uint8Array.of(site.length), new TextEncoder().encode(site), encodeValues(variates.get(site)!));
  }
  return parts;
}

function encodeAverage({ weight, values }: RoundAverage): Uint8Array {
  const bytes = new Uint8Array(averageBytes(values.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, AVERAGE_MAGIC, false);
  view.setUint8(4, VERSION);
  view.setBigUint64(8, weight, true);
  values.forEach((value, i) => {
    view.setBigInt64(AVERAGE_HEADER_BYTES + i * AVERAGE_BYTES, value, true);
  });
  return bytes;
}

/** SHA-256 of a shared model, lower-case hex, which members attest. */
export const hashSharedModel = (model: SharedModel, plan: Plan): string =>
  sha256Hex(encodeSharedModel(model, plan));

/**
 * The model in canonical bytes of a plan.
 *
 * @throws ParameterFormatError for anything that `encodeSharedModel` would not have written for so many parameters
 */
export function decodeSharedModel(bytes: Uint8Array, plan: Plan, parameterCount: number): SharedModel {
  const { serverOptimizer, control, averaging } = plan;
  const reader = new SectionReader(bytes);
  const parameters = decodeParameters(reader.take(parameterBytes(parameterCount)));
  const model: SharedModel = {
    parameters,
    ...(serverOptimizer && { moments: decodeMoments(reader, serverOptimizer, parameterCount) }),
    ...(control && { variates: decodeVariates(reader, parameterCount) }),
    ...(averaging && { average: decodeAverage(reader, parameterCount) }),
  };
  if (!reader.isAtEnd) throw new ParameterFormatError("it is longer than the study's models are");
  return model;
}

/** Takes bytes from the front. */
class SectionReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws ParameterFormatError where there are fewer */
  take(count: number): Uint8Array {
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    if (part.length !== count) throw new ParameterFormatError("it is shorter than the study's models are");
    this.#at += count;
    return part;
  }

  /** @throws ParameterFormatError where there is anything else */
  expect(header: readonly number[]): void {
    if (this.take(header.length).some((value, i) => value !== header[i])) {
      throw new ParameterFormatError("it lacks what the study's rules remember");
    }
  }

  view(count: number): DataView {
    const { buffer, byteOffset } = this.take(count);
    return new DataView(buffer, byteOffset, count);
  }
}

const bigEndian = (magic: number): number[] => [24, 16, 8, 0].map((shift) => (magic >>> shift) & 255);

function decodeMoments(
  reader: SectionReader,
  plan: ServerOptimizerPlan,
  parameterCount: number,
): ServerOptimizerState {
  reader.expect([...bigEndian(MOMENTS_MAGIC), VERSION, hasSecond(plan) ? 2 : 1, 0, 0]);
  const indices = Array.from({ length: parameterCount }, (_, i) => i);
  const firsts = reader.view(parameterCount * FIRST_BYTES);
  const first = indices.map((i) => firsts.getBigInt64(i * FIRST_BYTES, true));
  if (!hasSecond(plan)) return { first, second: indices.map(() => 0n) };
  const seconds = reader.view(parameterCount * SECOND_BYTES);
  const second = indices.map((i) => {
    const at = i * SECOND_BYTES;
    return seconds.getBigUint64(at, true) + (seconds.getBigUint64(at + 8, true) << 64n);
  });
  return { first, second };
}

function decodeVariates(reader: SectionReader, parameterCount: number): ControlVariates {
  reader.expect([...bigEndian(VARIATES_MAGIC), VERSION, 0, 0, 0]);
  const count = reader.view(4).getUint32(0, true);
  const variates = new Map<string, Int32Array>();
  let last = '';
  for (let i = 0; i < count; i++) {
    const [length = 0] = reader.take(1);
    const site = String.fromCharCode(...reader.take(length));
    if (!NAME.test(site)) throw new ParameterFormatError('a control variate has no name of a site');
    if (site <= last) throw new ParameterFormatError('its control variates are not in order');
    last = site;
    variates.set(site, decodeValues(reader.take(4 * parameterCount)));
  }
  return variates;
}

function decodeAverage(reader: SectionReader, parameterCount: number): RoundAverage {
  reader.expect([...bigEndian(AVERAGE_MAGIC), VERSION, 0, 0, 0]);
  const weight = reader.view(8).getBigUint64(0, true);
  const view = reader.view(parameterCount * AVERAGE_BYTES);
  const values = BigInt64Array.from({ length: parameterCount }, (_, i) =>
    view.getBigInt64(i * AVERAGE_BYTES, true),
  );
  const { low, high } = weight === 0n ? { low: 0n, high: 0n } : AVERAGE_RANGE;
  if ((weight > 0n && weight < FULL_WEIGHT) || values.some((value) => value < low || value > high)) {
    throw new ParameterFormatError('its average is none of models on the lattice');
  }
  return { weight, values };
}
