// The commands of a ceremony at places that reach no network: definitions, a founding, and a change on the first block.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitStatusOf } from '@consilium/command-line';
import { stringify } from 'yaml';
import { type CeremonyOutput, runCeremony } from './ceremony-command.ts';
import { inOurWords } from './submit.ts';
import { canonical, type Founder, founder } from './testing/founders.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-ceremony-'));
after(() => rmSync(root, { recursive: true }));

const UNITS = ['Client', 'Peer', 'Admin', 'Orderer'];
const NAMES = ['Alpha', 'Beta', 'Gamma'];
const at = (...names: string[]) => join(root, ...names);

function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function writePlace(name: string, more: object = {}): void {
  write(
    at(name, 'consilium-place.yaml'),
    stringify({ mspId: `${name}MSP`, channel: 'consortium', administrator: 'admin', ...more }),
  );
}

function writeHospital(name: string, { authority, admin, definition }: Founder): void {
  const unit = (kind: string) => [
    `${kind}OUIdentifier`,
    { OrganizationalUnitIdentifier: kind.toLowerCase() },
  ];
  write(at(name, 'msp/cacerts/ca.pem'), canonical(authority.pem));
  write(
    at(name, 'msp/config.yaml'),
    stringify({ NodeOUs: { Enable: true, ...Object.fromEntries(UNITS.map(unit)) } }),
  );
  write(at(name, 'admin/signcerts/cert.pem'), admin.certificate);
  write(at(name, 'admin/keystore/key.pem'), admin.key);
  write(at(name, 'orderer.pem'), definition.orderers[0]!.identity);
  writePlace(name);
}

/** At a hospital's own place. */
async function run(name: string, ...parameters: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const output: CeremonyOutput = {
    print: (line) => {
      stdout += `${line}\n`;
    },
    note: (line) => {
      stderr += `${line}\n`;
    },
  };
  try {
    const status = await runCeremony([...parameters, '--place', at(name, 'consilium-place.yaml')], output);
    return { status, stdout, stderr };
  } catch (error) {
    assert.ok(error instanceof Error);
    return { status: exitStatusOf(error), stdout, stderr: error.message };
  }
}
async function done(name: string, ...parameters: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(name, ...parameters);
  assert.equal(status, 0, `${stderr}${stdout}`);
  return stdout;
}

before(async () => {
  for (const name of NAMES) writeHospital(name, await founder(`${name}MSP`));
});

test('founders agree on one first block, and nobody gets it before all have signed', async () => {
  const definitions: string[] = [];
  for (const name of NAMES) {
    const files = ['--certificate', at(name, 'orderer.pem'), '--identity', at(name, 'orderer.pem')];
    const node = ['--orderer', `orderer.${name.toLowerCase()}:7050`, ...files, '--msp', at(name, 'msp')];
    const said = await done(name, 'propose', 'definition', ...node, '--out', at(`${name}.json`));
    assert.match(said, new RegExp(`${name}MSP, digest [0-9a-f]{64}, written to`));
    definitions.push('--definition', at(`${name}.json`));
  }
  const words = await done('Beta', 'review', at('Alpha.json'));
  assert.match(
    words,
    /Definition of AlphaMSP[\s\S]*authority: "CN=ca.AlphaMSP", valid to[\s\S]*orderer: orderer.alpha:7050/,
  );
  const file = at('founding.json');
  const founding = ['propose', 'founding', ...definitions, '--founded', '2026-01-31', '--out'];
  await done('Alpha', ...founding, file);
  await done('Beta', ...founding, at('founding-of-beta.json'));
  assert.equal(readFileSync(file, 'utf8'), readFileSync(at('founding-of-beta.json'), 'utf8'));

  const { digest } = JSON.parse(await done('Alpha', 'review', file, '--json'));
  const blind = await run('Alpha', 'sign', file, '--definition', at('Alpha.json'));
  assert.equal(blind.status, 2);
  assert.match(blind.stderr, /--digest must be the digest that you reviewed and compared with the others/);
  assert.equal(
    (await run('Alpha', 'sign', file, '--digest', digest.replace(/./, 'g'), '--definition', at('Alpha.json')))
      .status,
    2,
  );
  const own = (name: string) => ['--digest', digest, '--definition', at(`${name}.json`)];
  const uncompared = await run('Alpha', 'sign', file, '--digest', digest, '--definition', at('Beta.json'));
  assert.match(uncompared.stderr, /a founder compares the block with the definition of AlphaMSP/);
  for (const name of ['Alpha', 'Beta']) await done(name, 'sign', file, ...own(name));
  const twice = await run('Beta', 'sign', file, ...own('Beta'));
  assert.equal(twice.status, 2);
  assert.match(twice.stderr, /signature 3: BetaMSP has signed already/);
  const early = await run('Alpha', 'submit', file, '--out', at('genesis.block'));
  assert.equal(early.status, 1);
  assert.match(early.stderr, /not written: every founder is missing GammaMSP/);
  assert.match(await done('Gamma', 'sign', file, ...own('Gamma')), /every founder: met\n\nComplete/);
  const { genesis } = JSON.parse(await done('Gamma', 'submit', file, '--out', at('genesis.block'), '--json'));
  for (const name of NAMES) writePlace(name, { genesis });
  assert.doesNotMatch(readFileSync(file, 'utf8'), /PRIVATE/);
});

test('a change is proposed, reviewed and signed with a block in place of the peer; copies are gathered', async () => {
  const block = ['--configuration', at('genesis.block')];
  const file = at('timeout.json');
  assert.match(
    await done('Alpha', 'propose', 'batch-timeout', '--milliseconds', '500', ...block, '--out', file),
    /\+ timeout: 500ms/,
  );
  const { digest } = JSON.parse(await done('Beta', 'review', file, ...block, '--json'));
  const copies: string[] = [];
  for (const name of NAMES.slice(0, 2)) {
    const copy = at(`timeout-${name}.json`);
    await done(name, 'sign', file, '--digest', digest, ...block, '--out', copy);
    copies.push(copy);
  }
  assert.match(
    await done('Gamma', 'review', file, ...block),
    /Nobody has signed[\s\S]*missing 2 more of AlphaMSP, BetaMSP and GammaMSP/,
  );
  assert.match(await done('Gamma', 'review', copies[0]!, ...block), /missing 1 more of BetaMSP and GammaMSP/);
  assert.match(await done('Gamma', 'review', ...copies, ...block), /Admins: met\n\nComplete: it can be sent/);
  const nowhere = await run('Gamma', 'submit', ...copies);
  assert.equal(nowhere.status, 2);
  assert.match(
    nowhere.stderr,
    /this place has no configuration of the channel: name its genesis in the place's file/,
  );
});

test('a file that was replaced after the review, and one that never ends, are not signed', async () => {
  const block = ['--configuration', at('genesis.block')];
  const file = at('shared.json');
  await done('Alpha', 'propose', 'batch-timeout', '--milliseconds', '500', ...block, '--out', file);
  const { digest } = JSON.parse(await done('Beta', 'review', file, ...block, '--json'));
  await done('Alpha', 'propose', 'batch-timeout', '--milliseconds', '600', ...block, '--out', file);
  const sign = () => run('Beta', 'sign', file, '--digest', digest, ...block);
  const replaced = await sign();
  assert.equal(replaced.status, 2);
  assert.match(replaced.stderr, /--digest must be the digest that you reviewed/);
  assert.match(replaced.stdout, /\+ timeout: 600ms/);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).signatures, []);
  rmSync(file);
  execFileSync('mkfifo', [file]);
  for (const { status, stderr } of [await sign(), await run('Beta', 'review', file, ...block)]) {
    assert.equal(status, 2);
    assert.match(stderr, /shared\.json cannot be read: it is no regular file/);
  }
  const defined = await run('Beta', 'propose', 'founding', '--definition', file, '--out', at('x.json'));
  assert.match(defined.stderr, /shared\.json: it is no regular file/);
});

test('a place of another channel, a key that is not there, and wrong words are refused with the field', async () => {
  const file = at('timeout.json');
  const block = ['--configuration', at('genesis.block')];
  writePlace('Gamma', { genesis: '0'.repeat(64) });
  assert.match(
    (await run('Gamma', 'review', file, ...block)).stderr,
    /whose first block is .*, and this place's is 0{64}/,
  );
  writePlace('Gamma', { genesis: 'short', colour: 'red' });
  const { status, stderr } = await run('Gamma', 'review', file);
  assert.equal(status, 2);
  assert.match(stderr, /genesis/);
  rmSync(at('Gamma/admin/keystore/key.pem'));
  const { genesis } = JSON.parse(readFileSync(file, 'utf8'));
  writePlace('Gamma', { genesis });
  const { digest } = JSON.parse(await done('Gamma', 'review', file, ...block, '--json'));
  assert.match(
    (await run('Gamma', 'sign', file, '--digest', digest, ...block)).stderr,
    /keystore holds 0 files/,
  );
  assert.match(
    (await run('Alpha', 'propose', 'everything', '--out', 'x')).stderr,
    /propose needs one of definition, founding/,
  );
  assert.match(
    (await run('Alpha', 'propose', 'block-size', ...block, '--messages', '0', '--out', 'x')).stderr,
    /--messages must be/,
  );
  assert.match(
    (await run('Alpha', 'propose', 'remove-orderer', ...block, '--orderer', 'x', '--out', 'x')).stderr,
    /HOST:PORT/,
  );
  assert.match(await done('Alpha', 'sign', '--help'), /The key stays here/);
});

test("an orderer's answer is given in its words, and what to do in ours", () => {
  const outdated =
    'it is no valid request: error validating ReadSet: proposed update requires that key [Group]  /Channel be at version 0, ' +
    'but it is currently at version 1';
  assert.match(
    inOurWords(outdated),
    /version 1 \(the channel has changed since: propose the change again\)$/,
  );
  assert.match(
    inOurWords('policy for [Group] /Channel/Application not satisfied'),
    /\(signatures are missing or do not count\)$/,
  );
  assert.equal(inOurWords('something new'), 'something new');
});
