// The geometry that convolutions and pools share: kernel, strides, dilations and explicit pads per spatial axis.
import { PADDED_NUMBERS } from '../format/graph-limits.ts';
import { elementCount } from '../format/tensor-data.ts';
import {
  integerAttribute,
  integersAttribute,
  type OpNode,
  stringAttribute,
  UnsupportedOp,
} from './op-rule.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before each axis, then after each axis. */
  readonly pads: readonly number[];
  /** Pads after each axis that count as positions of a window: without what ceil_mode adds. */
  readonly countedPads: readonly number[];
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/**
 * How far ceil_mode pads the end of an axis beyond what is given, for one more window that only begins in the input or
 * the pads before it.
 */
function padsOfCeilMode({
  kernel,
  strides,
  dilations,
  pads,
  input,
}: Omit<Window, 'output' | 'countedPads'>): number[] {
  return input.map((size, i) => {
    const extent = (kernel[i]! - 1) * dilations[i]! + 1;
    const [before, after] = [pads[i]!, pads[i + input.length]!];
    const steps = Math.ceil((size + before + after - extent) / strides[i]!);
    const last = (steps * strides[i]! >= size + before ? steps - 1 : steps) * strides[i]!;
    return Math.max(after, last + extent - size - before);
  });
}

function checkLists(lists: Readonly<Record<string, readonly number[]>>, axes: number): void {
  for (const [name, list] of Object.entries(lists)) {
    const isWhole = list.every((value) => Number.isInteger(value) && value >= 1 && value <= PADDED_NUMBERS);
    if (isWhole && list.length === axes) continue;
    throw new UnsupportedOp(`its ${name} must be ${axes} positive integers, not [${list.join(', ')}]`);
  }
}

/** @throws UnsupportedOp for more than two spatial axes, or windows larger than the input or that never reach it. */
export function windowOf(
  node: OpNode,
  { kernel, input }: { readonly kernel: readonly number[]; readonly input: readonly number[] },
): Window {
  const axes = input.length;
  if (axes < 1 || axes > 2) throw new UnsupportedOp('one or two spatial axes are supported');
  if (kernel.length !== axes) throw new UnsupportedOp(`its kernel has ${kernel.length} axes for ${axes}`);
  const ones = input.map(() => 1);
  const strides = integersAttribute(node, 'strides') ?? ones;
  const dilations = integersAttribute(node, 'dilations') ?? ones;
  checkLists({ kernel, strides, dilations }, axes);
  const extents = kernel.map((size, i) => (size - 1) * dilations[i]! + 1);
  let pads = integersAttribute(node, 'pads') ?? [...ones, ...ones].fill(0);
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (autoPad === 'VALID') pads = [...ones, ...ones].fill(0);
  if (autoPad.startsWith('SAME')) {
    const totals = input.map((size, i) =>
      Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extents[i]! - size),
    );
    const less = totals.map((total) => Math.floor(total / 2));
    const more = totals.map((total) => Math.ceil(total / 2));
    pads = autoPad === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more];
  }
  if (pads.length !== 2 * axes) throw new UnsupportedOp(`it has ${pads.length} pads for ${axes} axes`);
  if (pads.some((pad) => pad < 0)) throw new UnsupportedOp('negative pads are not supported');
  const countedPads = pads.slice(axes);
  if (integerAttribute(node, 'ceil_mode', 0) !== 0) {
    const after = padsOfCeilMode({ kernel, strides, dilations, pads, input });
    pads = [...pads.slice(0, axes), ...after];
  }
  const padded = elementCount(input.map((size, i) => size + pads[i]! + pads[i + axes]!));
  if (!(padded <= PADDED_NUMBERS)) {
    throw new UnsupportedOp(
      `with its pads a channel has ${padded} numbers, and ${PADDED_NUMBERS} is the most`,
    );
  }
  const output = input.map(
    (size, i) => Math.floor((size + pads[i]! + pads[i + axes]! - extents[i]!) / strides[i]!) + 1,
  );
  if (output.some((size) => size < 1)) throw new UnsupportedOp('its kernel is larger than its input');
  const window = { kernel, strides, dilations, pads, countedPads, input, output };
  if (reachOf(window).some((reach, i) => reach <= pads[i]!)) {
    throw new UnsupportedOp('its windows see nothing but padding');
  }
  return window;
}

/** How far windows reach along each padded axis. */
export function reachOf({ kernel, strides, dilations, output }: Window): number[] {
  return output.map((count, i) => (count - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
}

/** Entries at the end of each padded axis that no window reaches: the transposed convolution's output_padding. */
export function unreached(window: Window): number[] {
  const { pads, input } = window;
  return reachOf(window).map((reach, i) => input[i]! + pads[i]! + pads[i + input.length]! - reach);
}

export function windowAttributes({ kernel, strides, dilations, pads }: Window) {
  return { kernel_shape: kernel, strides, dilations, pads };
}
