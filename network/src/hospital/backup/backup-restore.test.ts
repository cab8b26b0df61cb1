// A backup and its restore without any Fabric: folders as `hospital init` and a running organisation leave them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CommandProcess } from '@consilium/command-line/testing/command-process';
import { lockDirectory } from '../../directory-lock.ts';
import { ownFolder } from '../../programs.ts';
import { type Clinic, initialisedClinics } from '../testing/clinics.ts';
import { encrypt } from './age-file.ts';
import { backUp } from './backup-command.ts';
import { RESTORE_DRAFT } from './backup-contents.ts';
import { MANIFEST, PINS, PLACE } from './backup-manifest.ts';
import { type ArchivedFile, writeArchive } from './folder-archive.ts';
import { readPassphrase } from './passphrase.ts';
import { inspectBackup } from './read-backup.ts';
import { assertNotHalfRestored, type RestoreWanted, restoreBackup } from './restore-backup.ts';
import { type BackupWanted, studyKeysFileOf, writeBackup } from './write-backup.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-backup-'));
after(() => rmSync(root, { recursive: true }));
const PASSPHRASE = 'six words at random, or more';
const WORK = { passphrase: PASSPHRASE, workFactor: 4, kubo: 'no-kubo', report: () => undefined };

let clinic: Clinic;
let other: Clinic;
/** The first clinic's folder as it is to be, which tests may not change. */
let pristine: string;
let copies = 0;
const newPath = (name: string) => join(root, `${name}-${copies++}`);

function put(directory: string, name: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, name), content);
  chmodSync(join(directory, name), mode);
}

before(async () => {
  [clinic, other] = (await initialisedClinics(root, 2)) as [Clinic, Clinic];
  const { directory } = clinic.layout;
  chmodSync(directory, 0o700);
  put(
    directory,
    'fabric/peer/data/ledgersData/chains/chains/consortium/blockfile_000000',
    'blocks'.repeat(30_000),
  );
  put(directory, 'fabric/orderer/ledger/chains/consortium/blockfile_000000', 'of the orderer');
  put(directory, 'fabric/orderer/wal/etcdraft/0.wal', 'votes');
  put(directory, 'fabric/peer/snapshots/completed/1/x', 'snapshot');
  put(directory, 'clinic1/gateway/outbox.sqlite', 'outbox');
  put(directory, 'clinic1/gateway/ledger-index.sqlite', 'index');
  put(directory, 'clinic1/data/export.csv', 'patients');
  put(directory, 'clinic1/keys.json', '{}');
  put(directory, 'logs/peer.log', 'log');
  put(directory, 'notes.txt', 'public', 0o644);
  mkdirSync(join(directory, 'clinic1/empty'), { mode: 0o750 });
  pristine = newPath('pristine');
  cpSync(directory, pristine, { recursive: true });
});

beforeEach(() => {
  const { directory } = clinic.layout;
  rmSync(directory, { recursive: true, force: true });
  cpSync(pristine, directory, { recursive: true });
});

const wantedAt = (file: string): BackupWanted => ({ ...clinic, ...WORK, file });

async function backedUp(): Promise<string> {
  const to = newPath('to');
  mkdirSync(to);
  const file = join(to, 'clinic1-20261101T120000Z.backup.age');
  await (await writeBackup(wantedAt(file))).finish();
  return file;
}

/** To a folder that is not there. */
function restoreTo(file: string, more: Partial<RestoreWanted> = {}) {
  const directory = newPath('restored');
  const layout = { ...clinic.layout, directory };
  const restored = restoreBackup({ ...clinic, ...WORK, layout, file, ...more });
  return { directory, restored };
}

/** Names with what is in them, and their modes. */
function contentsOf(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names
      .filter((name) => name !== 'lock')
      .map((name) => {
        const path = join(directory, name);
        const { mode } = statSync(path);
        const content = statSync(path).isFile() ? readFileSync(path, 'latin1') : 'folder';
        return [name, `${(mode & 0o777).toString(8)} ${content}`];
      }),
  );
}

async function whileThePeerAnswers(work: (hospital: Clinic['hospital']) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const own = { ...clinic.hospital.own, host: '127.0.0.1', ports: { peer: port } };
  try {
    await work({ ...clinic.hospital, own });
  } finally {
    server.close();
  }
}

/** A backup of which nothing is left, and a restore that has written nothing. */
async function refusesToRestore(
  file: string,
  message: RegExp,
  more: Partial<RestoreWanted> = {},
): Promise<void> {
  const { directory, restored } = restoreTo(file, more);
  await assert.rejects(restored, { name: 'InputError', message });
  assert.equal(existsSync(directory), false, 'nothing was written');
}

/** A file as somebody with the passphrase could make one. */
async function made(entries: readonly ArchivedFile[]): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of encrypt(writeArchive(entries), PASSPHRASE, 4)) parts.push(part);
  const path = newPath('made');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}
const entry = (name: string, content: string): ArchivedFile => {
  const bytes = Buffer.from(content);
  return { name, kind: 'file', mode: 0o600, user: 0, group: 0, sizeBytes: bytes.length, content: [bytes] };
};
const PLACE_ENTRY: ArchivedFile = { ...entry(PLACE, ''), kind: 'folder', mode: 0o700 };

describe("an organisation's backup", () => {
  it('comes back whole, with modes, and without what an orderer wrote or what is made again', async () => {
    const { directory, restored } = restoreTo(await backedUp());
    const { manifest } = await restored;
    const all = contentsOf(clinic.layout.directory);
    const left = /^(fabric\/orderer|fabric\/peer\/snapshots|logs|clinic1\/gateway\/ledger-index)/;
    const wanted = Object.fromEntries(Object.entries(all).filter(([name]) => !left.test(name)));
    assert.deepEqual(contentsOf(directory), wanted);
    assert.ok(Object.keys(all).some((name) => left.test(name)));
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(manifest.mspId, 'Clinic1MSP');
  });

  it('shows no byte of a key or a patient, and is its owner’s alone', async () => {
    const file = await backedUp();
    for (const path of [file, studyKeysFileOf(file)]) {
      const bytes = readFileSync(path, 'latin1');
      assert.doesNotMatch(bytes, /PRIVATE KEY|patients|Clinic1MSP|keystore/);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });

  it('is never written over another, and nothing is left of one that was not finished', async () => {
    const file = await backedUp();
    await assert.rejects(writeBackup(wantedAt(file)), /is there already/);
    rmSync(file);
    await assert.rejects(writeBackup(wantedAt(file)), /study-keys[.]age is there already/);
    rmSync(studyKeysFileOf(file));
    const draft = await writeBackup(wantedAt(file));
    assert.equal(existsSync(file), false, 'it has its name once it was read back');
    draft.discard();
    assert.deepEqual(readdirSync(dirname(file)), []);
    assert.equal(existsSync(join(clinic.layout.directory, 'backup.draft')), false);
  });

  it('gets its name only if what is on the disk is what was written', async () => {
    const to = newPath('to');
    mkdirSync(to);
    const draft = await writeBackup(wantedAt(join(to, 'x.backup.age')));
    const [partial] = readdirSync(to).filter((name) => name.includes('.backup.age.'));
    const bytes = readFileSync(join(to, partial!));
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(join(to, partial!), bytes);
    await assert.rejects(draft.finish(), /was changed/);
    assert.deepEqual(readdirSync(to), []);
  });

  it('removes older keys for studies beside it, and no other file', async () => {
    const to = newPath('to');
    mkdirSync(to);
    const older = [
      'clinic1-20260901T120000Z.study-keys.age',
      'clinic1-20260901T120000Z.backup.age',
      'clinic1-b-20260901T120000Z.study-keys.age',
      'clinic1-20270901T120000Z.study-keys.age',
      'notes.study-keys.age',
    ];
    for (const name of older) writeFileSync(join(to, name), 'older');
    const { removed } = await (
      await writeBackup(wantedAt(join(to, 'clinic1-20261101T120000Z.backup.age')))
    ).finish();
    assert.deepEqual(removed, [join(to, older[0]!)]);
    assert.ok(older.slice(1).every((name) => existsSync(join(to, name))));
  });

  it('overwrites nothing that a link with the name of older keys leads to', async () => {
    const to = newPath('to');
    mkdirSync(to);
    const target = newPath('target');
    writeFileSync(target, 'of somebody who shares the folder of backups');
    symlinkSync(target, join(to, 'clinic1-20260901T120000Z.study-keys.age'));
    const draft = await writeBackup(wantedAt(join(to, 'clinic1-20261101T120000Z.backup.age')));
    assert.deepEqual((await draft.finish()).removed, []);
    assert.equal(readFileSync(target, 'utf8'), 'of somebody who shares the folder of backups');
  });

  it('leaves out the socket of a supervisor that was killed', async () => {
    const { directory } = clinic.layout;
    const server = createServer().listen(join(directory, 'control.sock'));
    await once(server, 'listening');
    const { restored, directory: to } = restoreTo(await backedUp());
    server.close();
    await restored;
    assert.equal(existsSync(join(to, 'control.sock')), false);
    assert.ok(existsSync(join(to, 'notes.txt')));
  });

  it('is refused while something else than its supervisor runs the organisation', async () => {
    const to = newPath('to');
    const file = newPath('passphrase');
    writeFileSync(file, PASSPHRASE, { mode: 0o600 });
    // Any program: it comes to no use.
    process.env.IPFS_BIN = process.execPath;
    await whileThePeerAnswers(async (hospital) => {
      const place = { ...clinic, hospital, report: () => undefined };
      await assert.rejects(
        backUp(place, { to, 'passphrase-file': file }, () => assert.fail('started')),
        /the peer of Clinic1MSP answers .*stop whatever runs it, such as Docker Compose/,
      );
    });
    delete process.env.IPFS_BIN;
    assert.deepEqual(existsSync(to) ? readdirSync(to) : [], []);
  });

  it('is not begun without room for it', async () => {
    const to = newPath('to');
    mkdirSync(to);
    const wanted = { ...wantedAt(join(to, 'x.backup.age')), free: () => 100_000 };
    await assert.rejects(writeBackup(wanted), /has 1 MiB free, and the backup takes 1 MiB: make room/);
    assert.deepEqual(readdirSync(to), []);
  });

  it('has what a link leads to, or says that it has not', async () => {
    const { directory } = clinic.layout;
    symlinkSync('/srv/registry', join(directory, 'clinic1/data/registry'));
    const to = newPath('to');
    mkdirSync(to);
    const draft = await writeBackup(wantedAt(join(to, 'x.backup.age')));
    assert.deepEqual(draft.links, [join(directory, 'clinic1/data/registry')]);
    draft.discard();
    symlinkSync('/srv/keys', join(directory, 'fabric/keys'));
    await assert.rejects(writeBackup(wantedAt(join(to, 'x.backup.age'))), /fabric\/keys is a link/);
  });

  it('is not made while something starts in the folder', async () => {
    const lock = lockDirectory(clinic.layout.directory);
    try {
      await assert.rejects(writeBackup(wantedAt(newPath('x'))), { name: 'DirectoryLockedError' });
    } finally {
      lock.release();
    }
  });
});

describe('a restore', () => {
  it('writes nothing from a file that is cut off, changed, of another passphrase or none', async () => {
    const file = await backedUp();
    const whole = readFileSync(file);
    await refusesToRestore(file, /the passphrase is not that of/, {
      passphrase: 'another one of some length',
    });
    for (const at of [100, 1000, 66_000, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, at));
      await refusesToRestore(file, /is cut off/);
    }
    for (const at of [30, 1000, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      writeFileSync(file, changed);
      await refusesToRestore(file, /changed/);
    }
    await refusesToRestore(join(root, 'nowhere'), /cannot be read/);
  });

  it('writes nothing from a backup of another organisation, channel or authority', async () => {
    const file = await backedUp();
    const of = (hospital: Clinic['hospital']) => ({ hospital });
    await refusesToRestore(file, /a backup of organisation Clinic1MSP, and hospital.yaml is of Clinic2MSP/, {
      ...of(other.hospital),
    });
    const { hospital } = clinic;
    const consortium = { ...hospital.consortium, channel: 'another' };
    await refusesToRestore(file, /a backup of channel consortium/, of({ ...hospital, consortium }));
    const roots = { ...hospital.own.roots!, identity: 'a'.repeat(64) };
    await refusesToRestore(file, /another authority/, of({ ...hospital, own: { ...hospital.own, roots } }));
  });

  it('writes nothing from another version, another program, or with entries that no backup has', async () => {
    const { manifest } = await inspectBackup(await backedUp(), PASSPHRASE);
    const described = (more: object) =>
      entry(MANIFEST, JSON.stringify({ ...manifest, files: 0, bytes: 0, ...more }));
    const pins = entry(PINS, '');
    await refusesToRestore(
      await made([described({ version: 2 }), pins]),
      /of version 2.*the release that made it/s,
    );
    await refusesToRestore(await made([described({ form: 'tar' })]), /of another program/);
    await refusesToRestore(await made([described({ more: 1 })]), /other fields than a backup has/);
    await refusesToRestore(await made([entry(MANIFEST, '{')]), /of another program/);
    await refusesToRestore(await made([pins]), /does not begin with backup.json/);
    await refusesToRestore(await made([]), /of another program/);
    await refusesToRestore(await made([described({}), entry('etc', 'x')]), /has etc, which no backup has/);
    await refusesToRestore(
      await made([described({ files: 2 }), pins, PLACE_ENTRY]),
      /has 0 files of 0 bytes/,
    );
    const hidden = [
      described({ holds: 'study keys', files: 1, bytes: 1 }),
      PLACE_ENTRY,
      entry(`${PLACE}/x`, 'x'),
    ];
    await refusesToRestore(await made(hidden), /keys for studies alone/);
  });

  it('goes into an empty folder alone, and into one that there is room for', async () => {
    const file = await backedUp();
    const full = newPath('full');
    mkdirSync(full);
    writeFileSync(join(full, 'of-somebody'), 'x');
    const layout = { ...clinic.layout, directory: full };
    await assert.rejects(restoreBackup({ ...clinic, ...WORK, layout, file }), /is not empty \(of-somebody\)/);
    assert.deepEqual(readdirSync(full), ['of-somebody']);
    await refusesToRestore(file, /make room/, { free: () => 1000 });
  });

  it('that was broken off is begun again, and nothing starts from it', async () => {
    const file = await backedUp();
    const { directory, restored } = restoreTo(file);
    await restored;
    mkdirSync(join(directory, RESTORE_DRAFT));
    writeFileSync(join(directory, 'half'), 'x');
    const half = { ...clinic.layout, directory };
    assert.throws(() => assertNotHalfRestored(half), /restored by half/);
    await restoreBackup({ ...clinic, ...WORK, layout: half, file });
    assert.doesNotThrow(() => assertNotHalfRestored(half));
    assert.equal(existsSync(join(directory, 'half')), false);
  });

  it('is refused while this organisation answers at its own name', async () => {
    const file = await backedUp();
    await whileThePeerAnswers(async (hospital) => {
      await refusesToRestore(file, /the peer of Clinic1MSP answers at 127.0.0.1/, { hospital });
    });
  });

  it('takes keys for studies of the same backup alone, and says so where there are none', async () => {
    const [first, second] = [await backedUp(), await backedUp()];
    await refusesToRestore(first, /is of another backup/, { studyKeysFile: studyKeysFileOf(second) });
    await refusesToRestore(first, /has no keys for studies/, { studyKeysFile: second });
    await refusesToRestore(studyKeysFileOf(first), /keys for studies alone: name the backup/);
    rmSync(studyKeysFileOf(first));
    const { studyKeys, notes } = await restoreTo(first).restored;
    assert.equal(studyKeys, undefined);
    assert.ok(notes.some((note) => /draws nothing for studies/.test(note)));
    assert.equal((await restoreTo(second).restored).studyKeys, 0);
  });
});

describe('the commands', () => {
  const passphraseFile = (text: string, mode = 0o600) => {
    const path = newPath('passphrase');
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return path;
  };
  const commands = new CommandProcess(join(ownFolder, 'dist/src/command-line.js'));
  after(() => commands.close());
  const run = (command: string, ...more: string[]) =>
    commands.run({
      args: ['hospital', command, '--hospital', clinic.path, ...more],
      // Of Kubo its place is asked alone, where there is no repository.
      env: { ...process.env, IPFS_BIN: process.execPath },
    });

  it('make and restore a backup of a hospital that does not run', async () => {
    const to = newPath('to');
    const passphrase = ['--passphrase-file', passphraseFile(`${PASSPHRASE}\n`)];
    const said = await run('backup', '--to', to, ...passphrase, '--json');
    assert.equal(said.status, 0, said.stderr);
    const { file } = JSON.parse(said.stdout) as { file: string };
    assert.match((await run('restore', '--from', file, ...passphrase)).stderr, /is not empty/);
    rmSync(clinic.layout.directory, { recursive: true });
    const restored = await run('restore', '--from', file, ...passphrase);
    assert.equal(restored.status, 0, restored.stderr);
    assert.match(restored.stdout, /The host that this organisation had must never start again/);
    assert.equal(readFileSync(join(clinic.layout.directory, 'clinic1/data/export.csv'), 'utf8'), 'patients');
  });

  it('take a passphrase that others cannot read, long and in one line, and from no argument', async () => {
    const refused = (path: string | undefined, message: RegExp) =>
      assert.rejects(readPassphrase({ file: path, isNew: true }), { name: 'InputError', message });
    await refused(passphraseFile(PASSPHRASE, 0o644), /can be read by others: chmod 600/);
    await refused(passphraseFile('too short'), /has 9 characters: choose at least 16/);
    await refused(passphraseFile(`${PASSPHRASE}\n${PASSPHRASE}\n`), /has several lines/);
    await refused(passphraseFile(''), /is empty/);
    await refused(passphraseFile('x'.repeat(5000)), /too large/);
    await refused(join(root, 'nowhere'), /cannot be read/);
    assert.equal(await readPassphrase({ file: passphraseFile('short\r\n'), isNew: false }), 'short');
    const said = await run('backup', '--to', newPath('to'), '--passphrase', PASSPHRASE);
    assert.equal(said.status, 2);
    assert.match(said.stderr, /passphrase/);
    assert.match((await run('backup', '--to', newPath('to'))).stderr, /there is no terminal to ask at/);
  });

  it('start nothing in a folder that is restored by half', async () => {
    mkdirSync(join(clinic.layout.directory, RESTORE_DRAFT));
    const { status, stderr } = await run('up');
    assert.equal(status, 2);
    assert.match(stderr, /is restored by half/);
  });
});
