// Convolutions and pools compute with channels last, [rows, ...space, channels]: windows are then copied, padded and
// shifted in runs of whole channels. Between operators that do, the transpositions back and forth cancel.
import { type GraphWriter, inverseOf } from '../format/graph-writer.ts';

/** [rows, channels, ...space] to [rows, ...space, channels]. */
const lastPerm = (rank: number): number[] => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];

export function toChannelsLast(writer: GraphWriter, value: string, rank: number): string {
  const origin = writer.originOf(value);
  const { own, permuted } = origin?.arrangement.shapes ?? {};
  // One block of channels, of `channel-blocks.ts`.
  if (origin !== undefined && own !== undefined && permuted?.[1] === 1) {
    const [rows, channels, ...space] = own;
    return writer.reshape(origin.source, [rows!, ...space, channels!]);
  }
  return writer.transpose(value, lastPerm(rank));
}

export const toChannelsFirst = (writer: GraphWriter, value: string, rank: number): string =>
  writer.transpose(value, inverseOf(lastPerm(rank)));
