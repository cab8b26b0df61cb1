import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { decrypt, encrypt } from './age-file.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-age-'));
after(() => rmSync(root, { recursive: true }));
const PASSPHRASE = 'correct horse battery';
const CHUNK = 65_536;
/** scrypt at its least, as these tests ask for it often. */
const QUICK = 4;

async function sealed(plaintext: Uint8Array, passphrase = PASSPHRASE): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of encrypt([plaintext], passphrase, QUICK)) parts.push(part);
  return Buffer.concat(parts);
}

async function opened(bytes: Uint8Array, passphrase = PASSPHRASE): Promise<Buffer> {
  const path = join(root, 'file');
  writeFileSync(path, bytes);
  await using handle = await open(path);
  const parts: Uint8Array[] = [];
  for await (const part of decrypt({ handle, name: 'FILE' }, passphrase)) parts.push(part);
  return Buffer.concat(parts);
}

/** Where the first chunk begins: after the header's last line and a nonce. */
const payloadOf = (bytes: Buffer): number => bytes.indexOf('\n', bytes.indexOf('\n--- ') + 1) + 1 + 16;
const patterned = (size: number) => Buffer.alloc(size, 'patients');

describe('a file under a passphrase', () => {
  it('is what was written, of any length around the chunks', async () => {
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001]) {
      const plaintext = patterned(size);
      assert.ok((await opened(await sealed(plaintext))).equals(plaintext), String(size));
    }
  });

  it('that another program of age wrote is read', async () => {
    // By pyrage 1.2 (rage), at the work factor 16.
    const theirs =
      'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCAvcmNkOVRYZW9FZ21BcFpvakdiZUpBIDE2CjhYR2pEZXJFQUxBU01haHFhUURQTE5t' +
      'YW0rclVqc2hrTnMzZVFzNWFZZTQKLS0tIHByeTl6WFhjL0RhQWQzNXdXNFNQblJ5bFJFdmtPblpPaCtOODVIdTNqSUkKiHLOjlYU1i+IMgGz' +
      'F/uhb9wjbdhGm+Sc9CaxP4p521y0veT9H/bkydjqw9Ad+532IyqjrGE4CgjeOA==';
    assert.equal((await opened(Buffer.from(theirs, 'base64'))).toString(), 'hello from another program');
  });

  it('has another key each time', async () => {
    assert.notDeepEqual(await sealed(patterned(10)), await sealed(patterned(10)));
  });

  it('is refused with another passphrase, in words', async () => {
    await assert.rejects(opened(await sealed(patterned(10)), `${PASSPHRASE} `), {
      name: 'InputError',
      message: /the passphrase is not that of FILE/,
    });
  });

  it('is refused wherever it is cut off', async () => {
    const whole = await sealed(patterned(2 * CHUNK + 100));
    const payload = payloadOf(whole);
    const full = CHUNK + 16;
    const places = [
      0,
      10,
      payload - 30,
      payload - 1,
      payload,
      payload + 1,
      payload + full,
      payload + 2 * full,
    ];
    for (const at of [...places, payload + full + 1, whole.length - 1]) {
      await assert.rejects(
        opened(whole.subarray(0, at)),
        { name: 'InputError', message: /FILE (is empty|is cut off|was changed or is cut off)/ },
        `at ${at} of ${whole.length}`,
      );
    }
  });

  it('is refused wherever a bit of it is another', async () => {
    const whole = await sealed(patterned(CHUNK + 100));
    const payload = payloadOf(whole);
    const inHeader = Array.from({ length: payload }, (_, at) => at);
    for (const at of [...inHeader, payload, payload + 65_600, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      await assert.rejects(opened(changed), { name: 'InputError' }, `at ${at}`);
    }
    const changed = Buffer.from(whole);
    changed[payload + 5]! ^= 1;
    await assert.rejects(opened(changed), /FILE was changed: bytes \d+ to \d+ are not what was written/);
  });

  it('is refused where its chunks change places, one is there twice, or another file goes on in it', async () => {
    const whole = await sealed(patterned(3 * CHUNK));
    const other = await sealed(patterned(3 * CHUNK));
    const [payload, full] = [payloadOf(whole), CHUNK + 16];
    const chunk = (of: Buffer, at: number) => of.subarray(payload + at * full, payload + (at + 1) * full);
    const header = whole.subarray(0, payload);
    for (const chunks of [
      [chunk(whole, 1), chunk(whole, 0), chunk(whole, 2)],
      [chunk(whole, 0), chunk(whole, 0), chunk(whole, 2)],
      [chunk(whole, 0), chunk(other, 1), chunk(whole, 2)],
    ]) {
      await assert.rejects(opened(Buffer.concat([header, ...chunks])), /FILE was changed/);
    }
  });

  it('is refused where bytes follow its end', async () => {
    const whole = await sealed(patterned(CHUNK));
    await assert.rejects(opened(Buffer.concat([whole, Buffer.alloc(1)])), /FILE goes on after its end/);
  });

  it('is refused where it is none, is for keys, or asks for more work than anybody wrote', async () => {
    await assert.rejects(opened(Buffer.from('PK\x03\x04 a zip file')), /FILE is no backup/);
    const text = (await sealed(patterned(10))).toString('latin1');
    const toKey = text.replace(/-> scrypt \S+ \d+/, '-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc');
    await assert.rejects(opened(Buffer.from(toKey, 'latin1')), /not under a passphrase alone/);
    const costly = text.replace(/(-> scrypt \S+) \d+/, '$1 30');
    await assert.rejects(opened(Buffer.from(costly, 'latin1')), /asks for too much work/);
  });
});
