// Whether a new configuration follows from the one before it: the update that it carries names what it changes, was
// signed as each changed item's own policy asks, and leads to exactly this configuration.

import { readSigner, type SignedBytes } from '../identity/membership.ts';
import { concatBytes } from '../wire/bytes.ts';
import { Message } from '../wire/protobuf-reader.ts';
import { ChannelConfiguration } from './channel-configuration.ts';
import { readGroup, textOf } from './config-group.ts';
import { resultOfUpdate } from './update-result.ts';

/** Why it does not follow; undefined where it does. @param envelope of the configuration. @throws UnreadableError */
export function updateProblem(
  before: ChannelConfiguration,
  after: ChannelConfiguration,
  { channel, lastUpdate }: { readonly channel: string; readonly lastUpdate: Uint8Array },
): string | undefined {
  if (after.sequence !== before.sequence + 1) {
    return `it has the number ${after.sequence}, and the one before it ${before.sequence}`;
  }
  const payload = new Message('envelope', lastUpdate).inBytes(1, 'payload');
  const signed = new Message('signed update', payload.bytes(2));
  const update = signed.bytes(1);
  const message = new Message('update', update);
  if (message.text(1) !== channel) return `its update is for the channel ${message.text(1)}`;
  const sets = { readSet: readGroup(message.merged(2)), writeSet: readGroup(message.merged(3)) };
  const result = resultOfUpdate(before.root, sets);
  if ('problem' in result) return result.problem;
  const signatures = signed.list(2).map((bytes) => readUpdateSignature(bytes, update));
  for (const { key, policy } of result.changed) {
    // What an organisation that cannot be judged changes of itself is the word of those who ordered it.
    const isLenient = policy !== undefined && before.isUnjudged(policy);
    if (policy !== undefined && !before.satisfies(policy, signatures, isLenient)) {
      return `its update changes ${key} without the signatures that ${policy} asks for`;
    }
  }
  const made = result.after;
  if (made === undefined || textOf(made) !== textOf(after.root)) {
    return 'it is not what its signed update makes of the one before it';
  }
  return renamed(before, after);
}

/** As Fabric: an organisation keeps its name, under which others count its signatures. */
export function renamed(before: ChannelConfiguration, after: ChannelConfiguration): string | undefined {
  for (const [place, { msp }] of before.organisations) {
    const mspId = after.organisations.get(place)?.msp.mspId ?? msp.mspId;
    if (mspId !== msp.mspId) return `it gives ${place} the name ${mspId}, and it was ${msp.mspId}`;
  }
  return undefined;
}

/** One signature of an update, over its header and the update. @throws UnreadableError */
export function readUpdateSignature(bytes: Uint8Array, update: Uint8Array): SignedBytes {
  const message = new Message('signature of an update', bytes);
  const header = message.bytes(1);
  return {
    identity: readSigner(new Message('signature header', header).bytes(1)),
    get data() {
      return concatBytes([header, update]);
    },
    signature: message.bytes(2),
  };
}

/** The configuration in an envelope of a block. @throws UnreadableError */
export function readConfigEnvelope(data: Uint8Array): {
  readonly configuration: ChannelConfiguration;
  readonly lastUpdate: Uint8Array;
} {
  const message = new Message('configuration envelope', data);
  return { configuration: new ChannelConfiguration(message.merged(1)), lastUpdate: message.merged(2) };
}
