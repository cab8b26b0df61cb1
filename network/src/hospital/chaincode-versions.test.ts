// Going from one version of the chaincode to the next, by what one hospital writes down: without Fabric.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { identify } from '../process-identity.ts';
import { folderOf } from '../programs.ts';
import { removeState, writeState } from '../state-file.ts';
import {
  chaincodeVersions,
  forgetFormerVersions,
  packageOf,
  takeUpVersion,
  versionsToRun,
} from './chaincode-versions.ts';
import { chaincodeSha256, codeFolders } from './code-digest.ts';
import { takeUpForCompose } from './compose-command.ts';
import { agreeOn, type Clinic, initialisedClinics, reopen } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-chaincode-versions-'));
after(() => rmSync(root, { recursive: true }));
const own = chaincodeSha256();
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 3)) as [Clinic];
});

/** The clinic with this chaincode in consortium.yaml. */
function agreed(version: string, sha256: string): Clinic {
  const { consortium } = clinic.hospital;
  agreeOn(root, { ...consortium, chaincode: { ...consortium.chaincode, version, sha256 } });
  return reopen(clinic);
}
const startOf = ({ hospital, layout }: Clinic) => versionsToRun(hospital, layout);
const upgradeOf = ({ hospital, layout }: Clinic) => takeUpVersion(hospital, layout);
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
};

/** A copy of the chaincode's code as another release has it. */
function formerRelease(name: string): string {
  const release = join(root, name);
  const modules = join(release, 'node_modules/@consilium');
  mkdirSync(modules, { recursive: true });
  for (const one of ['chaincode', 'domain', 'dp-accountant']) {
    cpSync(join(folderOf(one), 'dist/src'), join(release, one, 'dist/src'), { recursive: true });
    cpSync(join(folderOf(one), 'package.json'), join(release, one, 'package.json'));
    symlinkSync(join(release, one), join(modules, one));
  }
  writeFileSync(join(release, 'chaincode/dist/src/former.js'), '// Of the former release.\n');
  return join(release, 'chaincode');
}

test('from the first start to the end of an upgrade', () => {
  const folder = formerRelease('former');
  const former = chaincodeSha256(codeFolders(folder));
  assert.notEqual(former, own);

  const first = agreed('1', former);
  assert.match(
    refusal(() => upgradeOf(first)),
    /no version of the chaincode has run here yet: start it with `hospital up`/,
  );
  const { chaincode, chaincodeNext } = first.hospital.inside;
  const [started, ...none] = startOf(first);
  assert.deepEqual(none, []);
  assert.deepEqual([started!.version, started!.port], ['1', chaincode]);
  upgradeOf(first);
  assert.equal(chaincodeVersions(first.layout).length, 1);
  // As the release of that version wrote it.
  writeFileSync(
    join(first.layout.directory, 'chaincode-versions.json'),
    JSON.stringify([{ ...started, folder }]),
  );

  assert.match(
    refusal(() => upgradeOf(agreed('1', own))),
    /other code under the same version 1/,
  );
  assert.match(
    refusal(() => upgradeOf(agreed('2', '0'.repeat(64)))),
    /run this command from the agreed release/,
  );
  const second = agreed('2', own);
  assert.match(
    refusal(() => startOf(second)),
    /runs version 1 of the chaincode, and consortium\.yaml has 2: run `hospital upgrade`, or `hospital compose`/,
  );
  upgradeOf(second);
  const both = startOf(second);
  assert.deepEqual(
    both.map(({ version, port, folder: at }) => [version, port, at]),
    [
      ['1', chaincode, folder],
      ['2', chaincodeNext, folderOf('chaincode')],
    ],
  );
  // Started again before the ceremony, it runs both again.
  assert.deepEqual(startOf(second), both);

  assert.match(
    refusal(() => upgradeOf(agreed('3', own))),
    /still goes from version 1 to 2: submit that ceremony first/,
  );
  const again = agreed('2', own);
  forgetFormerVersions(again.layout);
  assert.deepEqual(
    startOf(again).map(({ version, port }) => [version, port]),
    [['2', chaincodeNext]],
  );
  // The next one takes the port that is free.
  const third = agreed('3', own);
  upgradeOf(third);
  assert.equal(chaincodeVersions(third.layout).at(-1)!.port, chaincode);
});

test('a file for Compose is written with both versions, without a stop, and where no supervisor owns processes', () => {
  const folder = formerRelease('composed');
  const sha256 = chaincodeSha256(codeFolders(folder));
  const first = agreed('1', sha256);
  rmSync(join(first.layout.directory, 'chaincode-versions.json'), { force: true });
  assert.equal(takeUpForCompose(first), false);
  assert.deepEqual(chaincodeVersions(first.layout), []);
  writeFileSync(
    join(first.layout.directory, 'chaincode-versions.json'),
    JSON.stringify([{ version: '1', sha256, port: first.hospital.inside.chaincode, folder }]),
  );
  assert.match(
    refusal(() => takeUpForCompose(agreed('2', '0'.repeat(64)))),
    /run this command from the agreed release/,
  );
  const second = agreed('2', own);
  const { directory } = second.layout;
  writeState(directory, {
    ...{ version: 1, name: 'wards', phase: 'running', startedAt: new Date().toISOString() },
    ...{ supervisor: identify(process.pid)!, services: [] },
  });
  try {
    assert.equal(takeUpForCompose(second), false);
    assert.equal(
      chaincodeVersions(second.layout).length,
      1,
      'of a supervisor, `hospital upgrade` takes it up',
    );
  } finally {
    removeState(directory);
  }
  assert.equal(takeUpForCompose(second), true);
  assert.deepEqual(
    startOf(second).map(({ version }) => version),
    ['1', '2'],
  );
});

test('what the channel may still run is started unchanged or not at all', () => {
  const folder = formerRelease('changed');
  const sha256 = chaincodeSha256(codeFolders(folder));
  const place = agreed('2', own);
  const record = [
    { version: '1', sha256, port: 7070, folder },
    { version: '2', sha256: own, port: 7073, folder: folderOf('chaincode') },
  ];
  writeFileSync(join(place.layout.directory, 'chaincode-versions.json'), JSON.stringify(record));
  assert.equal(startOf(place).length, 2);
  writeFileSync(join(folder, 'dist/src/former.js'), '// Changed.\n');
  assert.match(
    refusal(() => startOf(place)),
    /the code of version 1 in .* was changed: put it back/,
  );
  rmSync(folder, { recursive: true });
  assert.match(
    refusal(() => startOf(place)),
    /the code of version 1 is not in .* any more: put it back/,
  );
});

test('a ceremony approves the package that this hospital has of that version', () => {
  const { layout, path } = agreed('2', own);
  const record = [{ version: '2', sha256: own, port: 7073, folder: folderOf('chaincode') }];
  writeFileSync(join(layout.directory, 'chaincode-versions.json'), JSON.stringify(record));
  const { packageOf: known } = placeOfHospital(path);
  const { id } = packageOf('consilium', { ...record[0]! });
  assert.match(id, /^consilium_2:[0-9a-f]{64}$/);
  assert.equal(known!('consilium', '2'), id);
  assert.equal(known!('consilium', '9'), undefined);
});
