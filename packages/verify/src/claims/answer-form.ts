// An answer is an envelope that was never sent: no sender signed it. Peers sign the proposal, the response and who they
// are. What else an envelope has room for nobody signs, and could be another in every copy of a file.
import { Message } from '../wire/protobuf-reader.ts';
import { messageOf } from '../wire/protobuf-writer.ts';

/** The same answer with what peers signed and their signatures alone, each in its shortest form. */
export function plainAnswer(bytes: Uint8Array): Uint8Array {
  const payload = new Message('envelope', bytes).inBytes(1, 'payload');
  const header = payload.message(1, 'header');
  const action = payload.inBytes(2, 'transaction').message(1, 'action');
  const proposed = action.inBytes(2, 'action');
  const endorsed = proposed.message(2, 'endorsed action');
  const endorsements = endorsed.list(2).map((endorsement) => {
    const one = new Message('endorsement', endorsement);
    return [2, messageOf([1, one.bytes(1)], [2, one.bytes(2)])] as const;
  });
  const answered = messageOf([1, endorsed.bytes(1)], ...endorsements);
  const data = messageOf([1, action.bytes(1)], [2, messageOf([1, proposed.bytes(1)], [2, answered])]);
  const headers = messageOf([1, header.bytes(1)], [2, header.bytes(2)]);
  return messageOf([1, messageOf([1, headers], [2, messageOf([1, data])])]);
}
