// RFC 9180's published vector for this suite (test-vectors.json beside the draft: mode 0, kem_id 0x0020,
// kdf_id 0x0001, aead_id 0x0002), first encryption.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unwrapKey, wrapKey } from './key-wrapping.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const vector = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: hex('2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9'),
  skRm: hex('497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d'),
  pkRm: hex('430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c'),
  enc: hex('6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256'),
  aad: hex('436f756e742d30'),
  pt: hex('4265617574792069732074727574682c20747275746820626561757479'),
  ct: hex('e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a'),
};
const context = { info: vector.info, associatedData: vector.aad };

describe('key wrapping, by RFC 9180', () => {
  it('seals the vector’s plaintext to the vector’s bytes', async () => {
    const sealed = await wrapKey(vector.pt, vector.pkRm, { ...context, ephemeralKeyMaterial: vector.ikmE });
    assert.equal(Buffer.from(sealed.encapsulatedKey).toString('hex'), vector.enc.toString('hex'));
    assert.equal(Buffer.from(sealed.wrappedKey).toString('hex'), vector.ct.toString('hex'));
  });

  it('opens the vector’s bytes to the vector’s plaintext', async () => {
    const sealed = { encapsulatedKey: vector.enc, wrappedKey: vector.ct };
    assert.deepEqual(Buffer.from(await unwrapKey(sealed, vector.skRm, context)), vector.pt);
  });

  it('opens in no other context', async () => {
    const sealed = { encapsulatedKey: vector.enc, wrappedKey: vector.ct };
    await assert.rejects(unwrapKey(sealed, vector.skRm, { ...context, info: hex('00') }));
    await assert.rejects(unwrapKey(sealed, vector.skRm, { ...context, associatedData: hex('00') }));
    await assert.rejects(unwrapKey(sealed, hex('11'.repeat(32)), context));
  });

  it('wraps differently each time when no key material is fixed', async () => {
    const one = await wrapKey(vector.pt, vector.pkRm, context);
    const other = await wrapKey(vector.pt, vector.pkRm, context);
    assert.notDeepEqual(one.encapsulatedKey, other.encapsulatedKey);
    assert.deepEqual(Buffer.from(await unwrapKey(one, vector.skRm, context)), vector.pt);
  });

  it('refuses public keys of small order, whose secret anybody knows', async () => {
    for (const point of ['00'.repeat(32), `01${'00'.repeat(31)}`]) {
      await assert.rejects(wrapKey(vector.pt, hex(point), context));
    }
  });
});
