// The sampling rate for the sampler, from the decimal that is charged. The double nearest to a decimal is above it
// about half of the time. To sample with that one would draw patients with a probability that is not accounted for.

/**
 * The largest double that is not above a decimal.
 *
 * @param decimal - digits with at most one point, as on the ledger: "0.1"
 * @throws RangeError for other texts
 */
export function samplingRateOf(decimal: string): number {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new RangeError(`not a plain decimal: ${decimal}`);
  const digits = BigInt(whole + fraction);
  const scale = 10n ** BigInt(fraction.length);
  const rate = Number(decimal);
  return isAbove(rate, { digits, scale }) ? nextBelow(rate) : rate;
}

/** Whether a positive double is above digits / scale, exactly. */
function isAbove(
  value: number,
  { digits, scale }: { readonly digits: bigint; readonly scale: bigint },
): boolean {
  const { mantissa, exponent } = partsOf(value);
  return exponent >= 0n ? (mantissa << exponent) * scale > digits : mantissa * scale > digits << -exponent;
}

/** A double as mantissa · 2^exponent. */
function partsOf(value: number): { mantissa: bigint; exponent: bigint } {
  const bits = bitsOf(value);
  const biased = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0n
    ? { mantissa: fraction, exponent: -1074n }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075n };
}

function nextBelow(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bitsOf(value) - 1n);
  return view.getFloat64(0);
}

function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
