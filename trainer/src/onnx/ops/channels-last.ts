// Convolutions and pools compute with channels last, [rows, ...space, channels]: windows are then copied, padded and
// shifted in runs of whole channels. Between operators that do, the transpositions back and forth cancel.
import { type GraphWriter, inverseOf } from '../graph-writer.ts';

/** [rows, channels, ...space] to [rows, ...space, channels]. */
const lastPerm = (rank: number): number[] => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];

export const toChannelsLast = (writer: GraphWriter, value: string, rank: number): string =>
  writer.transpose(value, lastPerm(rank));

export const toChannelsFirst = (writer: GraphWriter, value: string, rank: number): string =>
  writer.transpose(value, inverseOf(lastPerm(rank)));
