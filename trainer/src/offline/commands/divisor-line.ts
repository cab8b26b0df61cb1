// What a step's mean divides by, for people: it scales the learning rate, and follows from the band and not from the
// patients.
import type { RecordCountBand } from '@consilium/domain';
import { shown } from '../report/model-card.ts';

export const divisorLine = (site: {
  readonly name: string;
  readonly divisor: number;
  readonly band: RecordCountBand;
}): string =>
  `${site.name}: each step's sum of gradients is divided by ${shown(site.divisor, 6)}, from the public band of ` +
  `${site.band.low} to ${site.band.high} patients`;
