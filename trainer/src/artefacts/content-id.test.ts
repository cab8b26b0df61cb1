import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNK_BYTES, computeCid } from './content-id.ts';

/** What `ipfs add --only-hash --cid-version=1` of Kubo 0.43.1 prints for as many zero bytes. */
const KUBO: readonly [sizeBytes: number, cid: string][] = [
  [0, 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
  [1, 'bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu'],
  [262143, 'bafkreic6iqyxuiad5dem4bzgyy336yoi6tegdqa4e5vt24gq3btool5cra'],
  [262144, 'bafkreiekhhjkxu4ztk3tyng3er3ijhg56mb44oe3gwbgquhzu4afrg2ksa'],
  [262145, 'bafybeigllfqgfpqydppr6cmv56g7ax4wyhruzswvcefv6j5kj77nzttfki'],
  [2621440, 'bafybeigfyaw4ad5kzn7in42ndr4kdqat4zwtuqmzumn7aqddk3hp5ve4k4'],
  [45613056, 'bafybeibxsa3ioclowpaq7b6gxl65gzqneopfr3fnhedak6sqr4bjz5lnyq'],
  [45613057, 'bafybeihqwzd3o6q6v3pmwhzjy22vokhr767burokmqemg63hptx2nqd7ym'],
];

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}

describe('a CID computed here', () => {
  for (const [sizeBytes, cid] of KUBO) {
    it(`is Kubo’s for ${sizeBytes} bytes, whole or streamed`, async () => {
      const bytes = new Uint8Array(sizeBytes);
      assert.equal(await computeCid(bytes), cid);
      assert.equal(await computeCid(inPieces(bytes, 100_003)), cid);
    });
  }

  it('is Kubo’s for more than 2 GiB, whose size is a number above 31 bits', async () => {
    const piece = new Uint8Array(2 ** 22);
    async function* zeros(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 512; i++) yield piece;
      yield piece.subarray(0, 5);
    }
    assert.equal(await computeCid(zeros()), 'bafybeiadl7krmajh3co5mxa3m5mwox3o5xncbvvacrcc5t2bme2spteusq');
  });

  it('changes with any byte', async () => {
    const bytes = new Uint8Array(CHUNK_BYTES + 10);
    const before = await computeCid(bytes);
    bytes[CHUNK_BYTES + 3] = 1;
    assert.notEqual(await computeCid(bytes), before);
  });
});
