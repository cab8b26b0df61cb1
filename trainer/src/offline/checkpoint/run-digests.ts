// What a run follows from, each as a digest: a run goes on only with what it began with.
import { createHash } from 'node:crypto';
import { canonicalJson, type Dictionary } from '@consilium/domain';
import type { LabelledUnits } from '../../data/index.ts';
import type { Site } from '../simulation/load-sites.ts';
import type { RunDigests } from './checkpoint.ts';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Each part with its length, so that no two sequences of parts have the same bytes. */
function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.byteLength};`).update(part);
  return hash.digest('hex');
}

const ofUnits = ({ rowOffsets, features, labels }: LabelledUnits): Uint8Array[] =>
  [rowOffsets, features, labels].map(bytesOf);

const ofJson = (value: unknown): string =>
  sha256([new TextEncoder().encode(canonicalJson(JSON.parse(JSON.stringify(value))))]);

export function runDigests(run: {
  readonly dictionary: Dictionary;
  /** The study as it is run, and the privacy that follows. */
  readonly study: object;
  readonly graph: Uint8Array;
  readonly splitSeed: string;
  readonly sites: readonly Site[];
  readonly trainer: string;
}): RunDigests {
  const { dictionary, study, graph, splitSeed, sites, trainer } = run;
  return {
    dictionary: ofJson(dictionary),
    study: ofJson(study),
    model: sha256([graph]),
    'split (--seed-split)': ofJson(splitSeed),
    hospitals: ofJson(sites.map(({ name, band }) => [name, band])),
    ...Object.fromEntries(
      sites.map(({ name, training, heldOut }) => [
        `data of ${name}`,
        sha256([
          ...[training.rowOffsets, training.features, training.labels].map(bytesOf),
          ...ofUnits(heldOut),
        ]),
      ]),
    ),
    'version of the trainer': ofJson(trainer),
  };
}
