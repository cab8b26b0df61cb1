// Encryption keys of members with their proofs, for tests: made from Ed25519 key pairs, whose signatures XEdDSA's are.
// Nothing is shared with the code that verifies, which other packages' tests find here as well.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

const FIELD = 2n ** 255n - 19n;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface TestMemberKey {
  readonly encryptionPublicKey: string;
  /** A signature by the key's private half over any message, in base64url. */
  readonly sign: (message: string) => string;
  /** Its proof for a member on a channel. */
  readonly proof: (mspId: string, channel?: string) => string;
  /** Its proof as a member's key for one dataset's updates in one study. */
  readonly studyProof: (mspId: string, of: StudyAndDataset, channel?: string) => string;
}
interface StudyAndDataset {
  readonly studyId: string;
  readonly datasetId: string;
}

function inverse(value: bigint): bigint {
  let [r, next, t, nextT] = [FIELD, value % FIELD, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return ((t % FIELD) + FIELD) % FIELD;
}

/** The same key pair for the same words. */
export function memberKey(words: string): TestMemberKey {
  for (let attempt = 0; ; attempt++) {
    const seed = createHash('sha256').update(`${words} ${attempt}`).digest();
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const edwards = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x!, 'base64url');
    // XEdDSA's keys have the sign 0; half of Ed25519's do.
    if (edwards[31]! >= 128) continue;
    const y = BigInt(`0x${Buffer.from(edwards).reverse().toString('hex')}`);
    const u = ((1n + y) * inverse(FIELD + 1n - y)) % FIELD;
    const bytes = Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse();
    const encryptionPublicKey = bytes.toString('base64url');
    const signed = (message: string) => sign(null, Buffer.from(message, 'utf8'), key).toString('base64url');
    return {
      encryptionPublicKey,
      sign: signed,
      proof: (mspId, channel = 'consortium') =>
        signed(
          `{"channel":${JSON.stringify(channel)},"encryptionPublicKey":"${encryptionPublicKey}",` +
            `"mspId":${JSON.stringify(mspId)},"purpose":"consilium member encryption key v1"}`,
        ),
      studyProof: (mspId, { studyId, datasetId }, channel = 'consortium') =>
        signed(
          `{"channel":${JSON.stringify(channel)},"datasetId":${JSON.stringify(datasetId)},` +
            `"encryptionPublicKey":"${encryptionPublicKey}","mspId":${JSON.stringify(mspId)},` +
            `"purpose":"consilium study key v1","studyId":${JSON.stringify(studyId)}}`,
        ),
    };
  }
}

/** What a member sends with its key. */
export const provenKey = (words: string, mspId: string, channel?: string) => {
  const { encryptionPublicKey, proof } = memberKey(words);
  return { encryptionPublicKey, keyProof: proof(mspId, channel) };
};

/** What a member records as its key for one dataset's updates in a study; other words make another key. */
export function provenStudyKey(
  mspId: string,
  of: { readonly studyId: string; readonly datasetId: string },
  { words = '', channel }: { readonly words?: string; readonly channel?: string } = {},
) {
  const { encryptionPublicKey, studyProof } = memberKey(`${mspId} ${of.studyId} ${of.datasetId} ${words}`);
  const { datasetId } = of;
  return { datasetId, encryptionPublicKey, keyProof: studyProof(mspId, of, channel) };
}
