// The order of the runtime's operators on channels in blocks ("NCHWc"): [rows, channels / B, ...space, B] for what is
// [rows, channels, ...space], and carries that shape between them. With one block it is the order of channels last.
import { type Arrangement, type GraphWriter, undoing } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';
import { toChannelsLast } from './channels-last.ts';

/** The shape [rows, channels, height, width], of channels in whole blocks. */
interface Blocked {
  readonly sizes: readonly number[];
  readonly block: number;
}

function ofBlocks({ sizes, block }: Blocked): Arrangement {
  const [rows, channels, ...space] = sizes as [number, number, ...number[]];
  const permuted = [rows, channels / block, elementCount(space), block];
  return { perm: [0, 1, 3, 2], shapes: { own: sizes, permuted, result: sizes } };
}

/** From channels in blocks to [rows, channels, height, width]. */
export const fromBlocks = (writer: GraphWriter, value: string, shape: Blocked): string =>
  writer.arrange(value, ofBlocks(shape));

/** From [rows, channels, height, width] to channels in blocks. */
export function toBlocks(writer: GraphWriter, value: string, shape: Blocked): string {
  const { sizes, block } = shape;
  const isChannelsLast = writer.originOf(value)?.arrangement.perm.join() === '0,3,1,2';
  if (isChannelsLast && sizes[1] === block) {
    return writer.reshape(toChannelsLast(writer, value, sizes.length), sizes);
  }
  return writer.arrange(value, undoing(ofBlocks(shape)));
}

/** Whether `fromBlocks` made the value. */
export const isFromBlocks = (writer: GraphWriter, value: string): boolean =>
  writer.originOf(value)?.arrangement.shapes !== undefined;
