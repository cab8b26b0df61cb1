import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createNextKey, MemberKeyRing } from './key-ring.ts';
import { encodePrivateKeyPem, generateMemberKeys } from './member-keys.ts';

describe('the keys of a member', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'key-ring-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const publicKeys = ({ keys }: MemberKeyRing) => keys.map(({ publicKey }) => publicKey);

  it('begin with the one file of the previous version, which stays as it is', async () => {
    const first = generateMemberKeys();
    const file = join(directory, 'encryption-key.pem');
    await writeFile(file, encodePrivateKeyPem(first), { mode: 0o600 });
    const ring = await MemberKeyRing.open(directory);
    assert.deepEqual(publicKeys(ring), [first.publicKey]);
    const next = await createNextKey(directory);
    assert.equal(await readFile(file, 'utf8'), encodePrivateKeyPem(first));
    assert.deepEqual(publicKeys(await MemberKeyRing.open(directory)), [next.publicKey, first.publicKey]);
  });

  it('are each in a file that only the owner reads, and none is ever written over', async () => {
    await MemberKeyRing.open(directory);
    const made = await Promise.all([createNextKey(directory), createNextKey(directory)]);
    await createNextKey(directory);
    const names = (await readdir(directory)).sort();
    assert.ok(names.length >= 3);
    for (const name of names) assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
    const ring = await MemberKeyRing.open(directory);
    for (const { publicKey } of made) assert.ok(ring.find(publicKey), 'what was answered is there');
  });

  it('are in the order in which they were made, also the tenth', async () => {
    await MemberKeyRing.open(directory);
    const made: string[] = [];
    for (let i = 0; i < 10; i++) made.push((await createNextKey(directory)).publicKey);
    assert.deepEqual(publicKeys(await MemberKeyRing.open(directory)).slice(0, 10), made.toReversed());
  });

  it('that are made while a trainer runs are found when it looks again', async () => {
    const ring = await MemberKeyRing.open(directory);
    const { publicKey } = await createNextKey(directory);
    assert.equal(ring.find(publicKey), undefined);
    await ring.refresh();
    assert.equal(ring.newest.publicKey, publicKey);
  });

  it('are refused where one of them can be read by others, and none follows one that cannot be used', async () => {
    await assert.rejects(createNextKey(directory), {
      code: 'ARTEFACT_KEY_INVALID',
      message: /start the trainer/,
    });
    await assert.rejects(MemberKeyRing.existing(directory), { code: 'ARTEFACT_KEY_INVALID' });
    await MemberKeyRing.open(directory);
    await createNextKey(directory);
    await chmod(join(directory, 'encryption-key-2.pem'), 0o640);
    await assert.rejects(MemberKeyRing.open(directory), { code: 'ARTEFACT_KEY_INVALID', message: /0600/ });
    await assert.rejects(createNextKey(directory), { code: 'ARTEFACT_KEY_INVALID' });
  });
});
