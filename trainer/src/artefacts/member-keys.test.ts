import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  decodePrivateKeyPem,
  decodePublicKey,
  encodePrivateKeyPem,
  generateMemberKeys,
  loadMemberKeys,
  loadOrCreateMemberKeys,
} from './member-keys.ts';

describe('a member’s encryption keys', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'member-keys-'));
    file = join(dir, 'encryption.pem');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('have a public half as the ledger writes it', () => {
    const { publicKey } = generateMemberKeys();
    assert.match(publicKey, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(decodePublicKey(publicKey).length, 32);
    for (const wrong of [
      '',
      publicKey.slice(1),
      `${publicKey}=`,
      `${publicKey} `,
      publicKey.replace(/.$/, '!'),
    ]) {
      assert.throws(() => decodePublicKey(wrong), { code: 'ARTEFACT_KEY_INVALID' });
    }
  });

  it('go to PEM and back', () => {
    const keys = generateMemberKeys();
    assert.equal(decodePrivateKeyPem(encodePrivateKeyPem(keys)).publicKey, keys.publicKey);
  });

  it('are made once, in a file that only its owner reads, and loaded from then on', async () => {
    assert.equal(await loadMemberKeys(file), undefined);
    const [one, other] = await Promise.all([loadOrCreateMemberKeys(file), loadOrCreateMemberKeys(file)]);
    assert.equal(one.publicKey, other.publicKey);
    assert.equal((await loadMemberKeys(file))?.publicKey, one.publicKey);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ['encryption.pem']);
  });

  it('are refused from a file that others may read', async () => {
    await loadOrCreateMemberKeys(file);
    const before = await readFile(file, 'utf8');
    for (const mode of [0o640, 0o604, 0o666]) {
      await chmod(file, mode);
      await assert.rejects(loadMemberKeys(file), { code: 'ARTEFACT_KEY_INVALID', message: /0600/ });
      await assert.rejects(loadOrCreateMemberKeys(file), { code: 'ARTEFACT_KEY_INVALID' });
    }
    assert.equal(await readFile(file, 'utf8'), before, 'a key is never replaced');
  });

  it('are refused when the file holds something else, without quoting it', async () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const content of ['', 'secret-looking text', ed25519]) {
      await writeFile(file, content, { mode: 0o600 });
      await assert.rejects(loadMemberKeys(file), (error: Error) => {
        assert.match(error.message, /^ARTEFACT_KEY_INVALID/);
        assert.equal(inspect(error).includes('secret-looking'), false);
        return true;
      });
    }
  });

  it('do not show their private half when printed', () => {
    const keys = generateMemberKeys();
    const secret = keys.privateKey.export({ format: 'jwk' }).d!;
    for (const text of [JSON.stringify(keys), inspect(keys, { depth: 9, showHidden: true })]) {
      assert.equal(text.includes(secret), false);
    }
  });
});
