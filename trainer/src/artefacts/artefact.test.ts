import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openArtefact, sealArtefact } from './artefact.ts';
import { ArtefactError, type ArtefactErrorCode } from './artefact-error.ts';
import { decodeEnvelope, encodePrefix } from './envelope.ts';
import { generateMemberKeys, type MemberKeys } from './member-keys.ts';

const members = new Map<string, MemberKeys>(
  ['BerlinMSP', 'CaireMSP', 'LimaMSP', 'OsloMSP'].map((mspId) => [mspId, generateMemberKeys()]),
);
const recipients = [...members].map(([mspId, { publicKey }]) => ({ mspId, publicKey }));
const associatedData = { studyId: 'heart-1', round: 3, owner: 'LimaMSP' };
const plaintext = Buffer.from('parameters');

const open = (
  bytes: Uint8Array,
  mspId = 'OsloMSP',
  context: Record<string, string | number> = associatedData,
) => openArtefact({ bytes, mspId, keys: [members.get(mspId)!], associatedData: context });

const refusedAs =
  (...codes: ArtefactErrorCode[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ArtefactError, String(error));
    assert.ok(codes.includes(error.code), `${error.code} is not among ${codes.join(', ')}`);
    return true;
  };

describe('a sealed artefact', () => {
  it('opens for every recipient to what was sealed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.subarray(recipients, { minLength: 1 }),
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())),
        async (content, chosen, context) => {
          const bytes = await sealArtefact({
            plaintext: content,
            recipients: chosen,
            associatedData: context,
          });
          for (const { mspId } of chosen) {
            const opened = await open(bytes, mspId, context);
            assert.deepEqual(Buffer.from(opened.plaintext), Buffer.from(content));
            assert.deepEqual(opened.recipients, chosen.map((recipient) => recipient.mspId).sort());
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('carries its content type', async () => {
    const contentType = 'application/x-consilium-update';
    const bytes = await sealArtefact({ plaintext, recipients, associatedData, contentType });
    assert.equal((await open(bytes)).contentType, contentType);
  });

  it('is never the same twice, and shows nothing of the plaintext', async () => {
    const content = Buffer.alloc(1_000, 'patient');
    const one = Buffer.from(await sealArtefact({ plaintext: content, recipients, associatedData }));
    const other = Buffer.from(await sealArtefact({ plaintext: content, recipients, associatedData }));
    assert.notDeepEqual(decodeEnvelope(one).sealed, decodeEnvelope(other).sealed);
    assert.notEqual(decodeEnvelope(one).header.nonce, decodeEnvelope(other).header.nonce);
    assert.equal(one.includes('patient'), false);
  });

  it('costs under 300 bytes a recipient and 500 besides', async () => {
    const bytes = await sealArtefact({ plaintext, recipients, associatedData });
    assert.ok(bytes.length - plaintext.length < 500 + 300 * recipients.length);
  });

  it('is refused when any one bit of it is changed', async () => {
    const bytes = await sealArtefact({ plaintext, recipients, associatedData });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (index, bit) => {
        const forged = Uint8Array.from(bytes);
        forged[index]! ^= 1 << bit;
        await assert.rejects(open(forged), ArtefactError);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it is cut anywhere', async () => {
    const bytes = await sealArtefact({ plaintext, recipients: recipients.slice(3), associatedData });
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(
        open(bytes.subarray(0, length)),
        refusedAs('ARTEFACT_TRUNCATED', 'ARTEFACT_TAMPERED'),
      );
    }
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    await assert.rejects(open(longer), refusedAs('ARTEFACT_TAMPERED'));
  });

  it('is refused for another purpose than it was sealed for', async () => {
    const bytes = await sealArtefact({ plaintext, recipients, associatedData });
    for (const context of [{ ...associatedData, round: 4 }, { ...associatedData, round: '3' }, {}]) {
      await assert.rejects(open(bytes, 'OsloMSP', context), refusedAs('ARTEFACT_WRONG_CONTEXT'));
    }
    const reordered = { owner: 'LimaMSP', round: 3, studyId: 'heart-1' };
    assert.deepEqual(Buffer.from((await open(bytes, 'OsloMSP', reordered)).plaintext), plaintext);
  });

  it('is refused to who is no recipient, and to a recipient’s name with another key', async () => {
    const bytes = await sealArtefact({ plaintext, recipients: recipients.slice(0, 2), associatedData });
    await assert.rejects(open(bytes, 'OsloMSP'), refusedAs('ARTEFACT_NOT_A_RECIPIENT'));
    const keys = [members.get('OsloMSP')!];
    await assert.rejects(
      openArtefact({ bytes, mspId: 'BerlinMSP', keys, associatedData }),
      refusedAs('ARTEFACT_NOT_A_RECIPIENT'),
    );
  });

  it('of a later version, or of something else, is refused by name', async () => {
    const bytes = Buffer.from(await sealArtefact({ plaintext, recipients, associatedData }));
    bytes[4] = 3;
    await assert.rejects(open(bytes), refusedAs('ARTEFACT_FORMAT_UNKNOWN'));
    await assert.rejects(open(Buffer.from('{"not":"an artefact"}')), refusedAs('ARTEFACT_FORMAT_UNKNOWN'));
    await assert.rejects(open(new Uint8Array()), refusedAs('ARTEFACT_TRUNCATED'));
  });

  it('with parts of two artefacts is refused', async () => {
    const one = decodeEnvelope(await sealArtefact({ plaintext, recipients, associatedData }));
    const other = decodeEnvelope(await sealArtefact({ plaintext, recipients, associatedData }));
    const join = (header: typeof one.header, sealed: Uint8Array) =>
      Buffer.concat([encodePrefix(header), sealed]);
    await assert.rejects(open(join(one.header, other.sealed)), refusedAs('ARTEFACT_TAMPERED'));
    const keysOfOther = { ...one.header, recipients: other.header.recipients };
    await assert.rejects(open(join(keysOfOther, one.sealed)), refusedAs('ARTEFACT_TAMPERED'));
    const nameless = { ...one.header, contentType: 'text/plain' };
    await assert.rejects(open(join(nameless, one.sealed)), refusedAs('ARTEFACT_TAMPERED'));
    const [berlin, caire, ...rest] = one.header.recipients;
    const swapped = [{ ...berlin!, mspId: 'CaireMSP' }, { ...caire!, mspId: 'BerlinMSP' }, ...rest].sort(
      (a, b) => (a.mspId < b.mspId ? -1 : 1),
    );
    await assert.rejects(
      open(join({ ...one.header, recipients: swapped }, one.sealed), 'BerlinMSP'),
      refusedAs('ARTEFACT_NOT_A_RECIPIENT'),
    );
  });

  it('has one encoding: a header in other words or order is refused', async () => {
    const { header, sealed } = decodeEnvelope(await sealArtefact({ plaintext, recipients, associatedData }));
    const canonical = encodePrefix(header);
    const json = canonical.subarray(9).toString();
    const rewrite = (text: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(text));
      return Buffer.concat([canonical.subarray(0, 5), length, Buffer.from(text), sealed]);
    };
    assert.deepEqual(Buffer.from((await open(rewrite(json))).plaintext), plaintext);
    const others = [
      ` ${json}`,
      json.replace('{"cipher"', '{"extra":1,"cipher"'),
      json.replace('AES-256-GCM"', 'AES-128-GCM"'),
      JSON.stringify({ ...header, recipients: header.recipients.toReversed() }),
      JSON.stringify({ ...header, recipients: [...header.recipients, header.recipients[3]] }),
      JSON.stringify({ ...header, recipients: [] }),
      'null',
      '{',
    ];
    for (const other of others) await assert.rejects(open(rewrite(other)), refusedAs('ARTEFACT_TAMPERED'));
    const huge = Buffer.from(canonical);
    huge.writeUInt32BE(0xffffffff, 5);
    await assert.rejects(open(Buffer.concat([huge, sealed])), refusedAs('ARTEFACT_TAMPERED'));
  });

  it('cannot show two recipients two plaintexts: the header commits to the key', async () => {
    const { header } = decodeEnvelope(await sealArtefact({ plaintext, recipients, associatedData }));
    const other = decodeEnvelope(await sealArtefact({ plaintext, recipients, associatedData })).header;
    const forged = { ...header, recipients: [...header.recipients.slice(0, 3), other.recipients[3]!] };
    const cipher = createCipheriv('aes-256-gcm', randomBytes(32), Buffer.from(header.nonce, 'base64url'));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    await assert.rejects(
      open(Buffer.concat([encodePrefix(forged), sealed]), 'OsloMSP'),
      (error: Error) => refusedAs('ARTEFACT_TAMPERED')(error) && /commits to/.test(error.message),
    );
  });

  it('is not made for a malformed key, nobody, or one member twice', async () => {
    const seal = (chosen: typeof recipients) =>
      sealArtefact({ plaintext, recipients: chosen, associatedData });
    for (const publicKey of ['', 'AAAA', `${recipients[0]!.publicKey}=`, 'A'.repeat(43)]) {
      await assert.rejects(
        seal([{ mspId: 'LimaMSP', publicKey }]),
        (error: Error) => refusedAs('ARTEFACT_KEY_INVALID')(error) && error.message.includes('LimaMSP'),
      );
    }
    await assert.rejects(seal([]), RangeError);
    await assert.rejects(seal([recipients[0]!, recipients[0]!]), /BerlinMSP is a recipient twice/);
  });
});
