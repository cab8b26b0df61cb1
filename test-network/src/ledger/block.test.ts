import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { common } from '../fabric-protos.ts';
import { createAuthority, issueIdentity } from '../identities/authority.ts';
import { createSigningIdentity } from '../msp/signing-identity.ts';
import { blockHash, blockHeaderBytes, createBlock } from './block.ts';
import { sha256 } from './sha256.ts';

describe('block headers', () => {
  const header = (number: number, previous: string, data: string) => {
    const message = new common.BlockHeader();
    message.setNumber(number);
    message.setPreviousHash(Buffer.from(previous, 'hex'));
    message.setDataHash(Buffer.from(data, 'hex'));
    return message;
  };

  it('are hashed as an ASN.1 sequence of number, previous hash and data hash', () => {
    assert.equal(blockHeaderBytes(header(5, 'aa', 'bb')).toString('hex'), '30090201050401aa0401bb');
    assert.equal(blockHeaderBytes(header(0, '', '')).toString('hex'), '300702010004000400');
  });

  it('keep a number positive whose first bit is set, and lengths beyond one byte', () => {
    assert.equal(blockHeaderBytes(header(128, '', '')).toString('hex'), '30080202008004000400');
    assert.equal(blockHeaderBytes(header(2 ** 40, '', '')).toString('hex'), '300c020601000000000004000400');
    const long = blockHeaderBytes(header(1, '11'.repeat(130), ''));
    assert.equal(long.subarray(0, 9).toString('hex'), '30818a020101048182');
  });

  it('are signed by the orderer together with its own header and what it says of the block', async () => {
    const authority = await createAuthority('ca.orderer', 'orderer');
    const pair = await issueIdentity(authority, {
      commonName: 'orderer0',
      organizationalUnit: 'orderer',
      organization: 'orderer',
    });
    const block = createBlock({
      number: 7,
      previousHash: sha256(Buffer.from('previous')),
      envelopes: [Buffer.from('a')],
      orderer: createSigningIdentity({ mspId: 'OrdererMSP', ...pair }),
      nonce: Buffer.from('nonce'),
    });
    const [bytes] = block.getMetadata()!.getMetadataList_asU8();
    const metadata = common.Metadata.deserializeBinary(bytes!);
    const [signature] = metadata.getSignaturesList();
    const signed = Buffer.concat([
      metadata.getValue_asU8(),
      signature!.getSignatureHeader_asU8(),
      blockHeaderBytes(block.getHeader()!),
    ]);
    const { publicKey } = new X509Certificate(pair.certificatePem);
    assert.ok(verify('sha256', signed, publicKey, signature!.getSignature_asU8()));
  });

  it('commit to the block before and to the data', () => {
    const first = createBlock({
      number: 0,
      previousHash: new Uint8Array(),
      envelopes: [Buffer.from('a'), Buffer.from('b')],
      orderer: undefined,
      nonce: new Uint8Array(),
    });
    assert.deepEqual(Buffer.from(first.getHeader()!.getDataHash_asU8()), sha256(Buffer.from('ab')));
    const other = createBlock({
      number: 0,
      previousHash: new Uint8Array(),
      envelopes: [Buffer.from('a'), Buffer.from('c')],
      orderer: undefined,
      nonce: new Uint8Array(),
    });
    assert.notDeepEqual(blockHash(first.getHeader()!), blockHash(other.getHeader()!));
  });
});
