// Units of systemd, which its own programs judge where they are.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { systemdUnits, type UnitPlace } from './systemd-units.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-units-'));
after(() => rmSync(root, { recursive: true }));

const PLACE: UnitPlace = {
  organisation: 'clinic1',
  file: '/etc/consilium/hospital.yaml',
  folder: '/srv/consilium',
  mailbox: '/srv/consilium-mailbox',
  dataFolders: ['/srv/registry'],
  readFiles: ['/opt/consilium'],
  user: userInfo().username,
  program: [process.execPath, '/opt/consilium/main.js'],
  environment: { FABRIC_BIN_DIR: '/opt/fabric/bin' },
};
const ODD: UnitPlace = {
  ...PLACE,
  organisation: 'odd',
  file: '/etc/a "b" 100%/$HOME/hos\\pital.yaml',
  folder: '/srv/with spaces/100%',
};

const has = (program: string) => spawnSync(program, ['--version']).status === 0;
const analyse = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const skip = has('systemd-analyze') ? false : 'not run: no systemd-analyze';

function write(name: string, place: UnitPlace): string[] {
  const folder = join(root, name);
  mkdirSync(folder);
  return Object.entries(systemdUnits(place))
    .filter(([file]) => !file.endsWith('.sysusers'))
    .map(([file, text]) => {
      writeFileSync(join(folder, file), text);
      return join(folder, file);
    });
}

test('systemd finds nothing wrong with them, also for paths that it would read as something else', {
  skip,
}, () => {
  for (const [name, place] of Object.entries({ plain: PLACE, odd: ODD })) {
    const { status, stderr } = analyse('verify', '--man=no', ...write(name, place));
    assert.equal(status, 0, stderr);
    const ours = stderr.split('\n').filter((line) => line.includes(`consilium-${place.organisation}`));
    assert.deepEqual(ours, []);
  }
});

test('what the services may do is little, by the measure of systemd', { skip }, () => {
  const services = write('measured', PLACE).filter((file) => file.endsWith('.service'));
  for (const file of services) {
    const { status, stdout, stderr } = analyse('security', '--offline=yes', '--threshold=20', file);
    assert.equal(status, 0, `${stdout.split('\n').slice(-3).join('\n')}${stderr}`);
  }
});

test('they hold no secret, name the folders that may be written, and keep the rest of the host away', () => {
  const units = systemdUnits(PLACE);
  assert.deepEqual(Object.keys(units).sort(), [
    'consilium-clinic1-expiry.service',
    'consilium-clinic1-expiry.timer',
    'consilium-clinic1.service',
    'consilium-clinic1.sysusers',
    'consilium-clinic1.target',
  ]);
  const service = units['consilium-clinic1.service']!;
  assert.match(service, /^BindPaths=\/srv\/consilium \/srv\/consilium-mailbox$/m);
  assert.match(service, /^BindReadOnlyPaths=-\/srv\/registry -\/opt\/consilium$/m);
  assert.match(service, /^ExecReload=.* hospital restart --hospital \/etc\/consilium\/hospital\.yaml$/m);
  assert.doesNotMatch(service, /KEY|PASSWORD|SECRET/);
  assert.match(units['consilium-clinic1-expiry.service']!, /^BindReadOnlyPaths=\/srv\/consilium /m);
});

test('a path that would begin a new line, or a user that is none, is refused', () => {
  const sneaky = { ...PLACE, folder: '/srv/consilium\nExecStartPre=/bin/sh' };
  assert.throws(() => systemdUnits(sneaky), InputError);
  for (const user of ['', 'root\nx', 'a b', '../x'])
    assert.throws(() => systemdUnits({ ...PLACE, user }), InputError);
});
