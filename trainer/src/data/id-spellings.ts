// How programs write one id in several ways: numbers with zeros in front, or as floats ("7", "007", "7.0"), letters in
// either case, composed or not. A population knows digests only, so that each way is looked for by itself.

const WIDEST = 12;

/** Other ways to write an id, without it. */
export function otherSpellings(id: string): string[] {
  const spellings = new Set([
    id.normalize('NFC'),
    id.normalize('NFD'),
    id.normalize('NFKC'),
    id.toLowerCase(),
    id.toUpperCase(),
    id.replaceAll(/\s+/g, ''),
  ]);
  const whole = /^0*(\d+)(?:\.0+)?$/.exec(id)?.[1];
  if (whole !== undefined) {
    for (let width = whole.length; width <= WIDEST; width++) spellings.add(whole.padStart(width, '0'));
    spellings.add(whole).add(`${whole}.0`);
  }
  spellings.delete(id);
  return [...spellings];
}
