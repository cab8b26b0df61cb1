// Sealed artefacts with changed bytes: none opens, and each is refused by name. A sealed artefact that opens after a
// change, even to the same plaintext, would let somebody publish it under another hash.
import {
  deadlineOf,
  Finding,
  type FuzzTarget,
  fuzzProgram,
  mutateBytes,
  mutateJson,
  type Random,
} from '@consilium/fuzz-loop';
import { ArtefactError, generateMemberKeys, openArtefact, sealArtefact } from '../src/artefacts/index.ts';

const MEMBERS = ['BerlinMSP', 'CaireMSP', 'LimaMSP', 'OsloMSP'] as const;
const PREAMBLE_BYTES = 9;

export const ENVELOPES: FuzzTarget = {
  name: 'envelopes',
  async open() {
    const keys = new Map(MEMBERS.map((mspId) => [mspId, generateMemberKeys()] as const));
    const contexts = [1, 2, 3].map((round) => ({ studyId: 'heart', round, owner: 'LimaMSP' }));
    const sealed = await Promise.all(
      contexts.map(async (associatedData, index) => ({
        associatedData,
        bytes: await sealArtefact({
          plaintext: Buffer.alloc([0, 40, 3_000][index]!, index),
          recipients: MEMBERS.slice(index).map((mspId) => ({ mspId, publicKey: keys.get(mspId)!.publicKey })),
          associatedData,
        }),
      })),
    );
    return {
      async run(random) {
        const { associatedData, bytes } = random.pick(sealed);
        const other = random.pick(sealed).bytes;
        const changed = random.chance(0.3)
          ? changeHeader(random, bytes, other)
          : mutateBytes(random, bytes, other);
        const mspId = random.pick(MEMBERS);
        const opening = openArtefact({ bytes: changed, mspId, keys: [keys.get(mspId)!], associatedData });
        try {
          await deadlineOf(opening, 'opening');
        } catch (error) {
          if (error instanceof ArtefactError) return error.code;
          throw new Finding(`opening ends in ${String(error)}`, changed, { cause: error });
        }
        if (changed.equals(bytes)) return 'unchanged';
        throw new Finding('a changed artefact opens', changed);
      },
    };
  },
};

/** A header that still parses, with its length, before the other bytes. */
function changeHeader(random: Random, bytes: Uint8Array, other: Uint8Array): Buffer {
  const headerOf = (from: Uint8Array) => {
    const end = PREAMBLE_BYTES + Buffer.from(from).readUInt32BE(PREAMBLE_BYTES - 4);
    return { end, header: JSON.parse(Buffer.from(from.subarray(PREAMBLE_BYTES, end)).toString()) };
  };
  const { end, header } = headerOf(bytes);
  const foreign = headerOf(other).header;
  const key = random.pick(Object.keys(foreign));
  const changed = random.chance(0.5) ? { ...header, [key]: foreign[key] } : mutateJson(random, header);
  const json = Buffer.from(JSON.stringify(changed) ?? 'null');
  const prefix = Buffer.from(bytes.subarray(0, PREAMBLE_BYTES));
  prefix.writeUInt32BE(json.length, PREAMBLE_BYTES - 4);
  return Buffer.concat([prefix, json, bytes.subarray(end)]);
}

await fuzzProgram(import.meta.url, ENVELOPES);
