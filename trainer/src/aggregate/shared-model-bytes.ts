// Canonical bytes of what hospitals share after a round: the plaintext of an aggregate's artefact. Their SHA-256 is
// what members attest, so that a server optimiser's memory is agreed on like the model itself.
import { createHash } from 'node:crypto';
import {
  decodeParameters,
  encodeParameters,
  ParameterFormatError,
  parameterBytes,
} from './parameter-lattice.ts';
import type { ServerOptimizerPlan, ServerOptimizerState } from './server-optimizer.ts';
import type { FederationPlan, SharedModel } from './shared-model.ts';

/** Moments: magic `CNSM`, version (1 byte), moments per parameter (1), two zero bytes; first and second moments. */
const MOMENTS_MAGIC = 0x434e534d;
const VERSION = 1;
const HEADER_BYTES = 8;
const FIRST_BYTES = 8;
const SECOND_BYTES = 16;
const LOW = (1n << 64n) - 1n;

type Plan = Pick<FederationPlan, 'serverOptimizer'>;

const hasSecond = ({ kind }: ServerOptimizerPlan): boolean => kind !== 'fedavgm';

/** How long the canonical bytes of a plan's models are. */
export function sharedModelBytes({ serverOptimizer }: Plan, parameterCount: number): number {
  if (serverOptimizer === undefined) return parameterBytes(parameterCount);
  const each = FIRST_BYTES + (hasSecond(serverOptimizer) ? SECOND_BYTES : 0);
  return parameterBytes(parameterCount) + HEADER_BYTES + parameterCount * each;
}

/**
 * One form for one model: parameters as `encodeParameters` has them, then, where the plan has a server optimiser, first
 * moments as int64 and second ones (not for fedavgm) as uint128, all little-endian.
 */
export function encodeSharedModel({ parameters, moments }: SharedModel, plan: Plan): Uint8Array {
  const own = encodeParameters(parameters);
  const { serverOptimizer } = plan;
  if (serverOptimizer === undefined || moments === undefined) return own;
  const bytes = new Uint8Array(sharedModelBytes(plan, parameters.length));
  bytes.set(own);
  const view = new DataView(bytes.buffer, own.length);
  view.setUint32(0, MOMENTS_MAGIC, false);
  view.setUint8(4, VERSION);
  view.setUint8(5, hasSecond(serverOptimizer) ? 2 : 1);
  let at = HEADER_BYTES;
  for (const value of moments.first) {
    view.setBigInt64(at, value, true);
    at += FIRST_BYTES;
  }
  if (!hasSecond(serverOptimizer)) return bytes;
  for (const value of moments.second) {
    view.setBigUint64(at, value & LOW, true);
    view.setBigUint64(at + 8, value >> 64n, true);
    at += SECOND_BYTES;
  }
  return bytes;
}

/** The commitment to a model and what goes with it: what members attest. */
export const hashSharedModel = (model: SharedModel, plan: Plan): string =>
  createHash('sha256').update(encodeSharedModel(model, plan)).digest('hex');

/**
 * The model in canonical bytes of a plan.
 *
 * @throws ParameterFormatError for anything that `encodeSharedModel` would not have written for so many parameters
 */
export function decodeSharedModel(bytes: Uint8Array, plan: Plan, parameterCount: number): SharedModel {
  const expected = sharedModelBytes(plan, parameterCount);
  if (bytes.length !== expected) {
    throw new ParameterFormatError(`it has ${bytes.length} bytes, the study's models have ${expected}`);
  }
  const end = parameterBytes(parameterCount);
  const parameters = decodeParameters(bytes.subarray(0, end));
  const { serverOptimizer } = plan;
  if (serverOptimizer === undefined) return { parameters };
  return { parameters, moments: decodeMoments(bytes.subarray(end), serverOptimizer, parameterCount) };
}

function decodeMoments(
  bytes: Uint8Array,
  plan: ServerOptimizerPlan,
  parameterCount: number,
): ServerOptimizerState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = [view.getUint32(0, false), view.getUint8(4), view.getUint8(5), view.getUint16(6)];
  const wanted = [MOMENTS_MAGIC, VERSION, hasSecond(plan) ? 2 : 1, 0];
  if (header.some((value, i) => value !== wanted[i])) {
    throw new ParameterFormatError("it lacks the moments of the study's server optimiser");
  }
  const indices = Array.from({ length: parameterCount }, (_, i) => i);
  const first = indices.map((i) => view.getBigInt64(HEADER_BYTES + i * FIRST_BYTES, true));
  const start = HEADER_BYTES + parameterCount * FIRST_BYTES;
  const second = indices.map((i) => {
    if (!hasSecond(plan)) return 0n;
    const at = start + i * SECOND_BYTES;
    return view.getBigUint64(at, true) + (view.getBigUint64(at + 8, true) << 64n);
  });
  return { first, second };
}
