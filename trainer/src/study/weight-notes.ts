// What people should know of the weights of a graph that they or others exported, in sentences.
import type { SharedWeight } from '@consilium/onnx-grad';

const MOST_NAMED = 4;
const MOST_NOTES = 20;

/** Names for a sentence: the first of them, and how many more there are. */
export function named(names: readonly string[]): string {
  const first = names.slice(0, MOST_NAMED);
  const rest = names.length - first.length;
  if (rest > 0) return `${first.join(', ')} and ${rest} more`;
  return first.length < 2 ? first.join() : `${first.slice(0, -1).join(', ')} and ${first.at(-1)}`;
}

/** One note for each weight that several nodes use. @param remedy what to do where they were meant to be several */
export function sharedWeightNotes(shared: readonly SharedWeight[], remedy: string): string[] {
  const notes = shared
    .slice(0, MOST_NOTES)
    .map(({ name, nodes }) => `weight ${name} is used by nodes ${named(nodes)}: trained as one. ${remedy}`);
  const rest = shared.length - notes.length;
  return rest > 0 ? [...notes, `${rest} more weights are used by several nodes each.`] : notes;
}

/** A study's graph is what its bytes are: whoever has it cannot change it. */
export const REMEDY_FOR_STUDIES =
  'If they are layers of their own, propose a graph in which they have different values, as ' +
  '`consilium-trainer check --study FILE --graph-out FILE` writes it where an exporter merged them.';
