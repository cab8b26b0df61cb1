// What is tried of ceremonies on a real Fabric: hospitals of their own keys found a channel, and change it by files
// that travel between them.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastConfigurationOf } from '@consilium/verify';
import { readCeremony } from '../ceremony-file.ts';
import { broadcast, FabricNodeError, fetchBlock } from '../fabric-nodes.ts';
import { administratorOf, readOwnPlace } from '../own-place.ts';
import { changeEnvelope, inOurWords } from '../submit.ts';
import { canonical, identityOf } from './founders.ts';
import { type CommandResult, NativeHospitals, writeMsp, writeTls } from './native-hospitals.ts';

const roots: string[] = [];
const networks: NativeHospitals[] = [];
after(async () => {
  await Promise.all(networks.map((one) => one.close()));
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

const done = (result: CommandResult): string => {
  assert.equal(result.code, 0, `${result.err}\n${result.out}`);
  return result.out;
};

/** A file that travels between these. */
class Mailbox {
  readonly #network: NativeHospitals;
  readonly file: string;
  /** By the names of founders. */
  readonly definitions = new Map<string, string>();

  constructor(network: NativeHospitals, file: string) {
    this.#network = network;
    this.file = file;
  }

  async review(
    name: string,
  ): Promise<{ digest: string; warnings: string[]; policies: { missing: string }[] }> {
    return JSON.parse(done(await this.#network.run(name, 'review', this.file, '--json')));
  }

  async sign(...names: readonly string[]): Promise<this> {
    for (const name of names) {
      const { digest } = await this.review(name);
      const own = this.definitions.has(name) ? ['--definition', this.definitions.get(name)!] : [];
      done(await this.#network.run(name, 'sign', this.file, '--digest', digest, ...own));
    }
    return this;
  }

  submit(name: string): Promise<CommandResult> {
    return this.#network.run(name, 'submit', this.file);
  }
}

async function foundedBy(names: readonly string[], ordering: 'raft' | 'bft') {
  const root = mkdtempSync(join(tmpdir(), 'consilium-ceremonies-'));
  roots.push(root);
  const network = new NativeHospitals(root, ordering);
  networks.push(network);
  for (const name of names) await network.add(name);
  const definitions: string[] = [];
  for (const name of names) {
    const { orderer, peer, folder } = network.of(name);
    const out = join(root, `${name}.definition.json`);
    const node = ['--orderer', `localhost:${orderer.port}`, '--certificate', orderer.tls.certificate];
    const rest = ['--identity', orderer.signCertificate, '--peer', `localhost:${peer.port}`, '--out', out];
    done(await network.run(name, 'propose', 'definition', '--msp', join(folder, 'msp'), ...node, ...rest));
    definitions.push('--definition', out);
  }
  const file = join(root, 'founding.json');
  done(
    await network.run(
      names[0]!,
      'propose',
      'founding',
      ...definitions,
      '--ordering',
      ordering,
      '--out',
      file,
    ),
  );
  const founding = new Mailbox(network, file);
  for (const name of names) founding.definitions.set(name, join(root, `${name}.definition.json`));
  const block = join(root, 'genesis.block');
  await founding.sign(...names.slice(1));
  const early = await network.run(names[0]!, 'submit', file, '--out', block);
  assert.equal(early.code, 1);
  assert.match(early.err, new RegExp(`not written: every founder is missing ${names[0]}MSP`));
  assert.ok(!existsSync(block));
  await founding.sign(names[0]!);
  const { genesis } = JSON.parse(
    done(await network.run(names[0]!, 'submit', file, '--out', block, '--json')),
  );
  for (const name of names) network.writePlace(name, genesis, names);
  for (const name of names) await network.startOrderer(name);
  for (const name of names) await network.startPeer(name);
  for (const name of names) {
    await network.joinOrderer(name, block);
    await network.joinPeer(name, block);
  }
  let number = 0;
  const propose = async (name: string, ...change: readonly string[]) => {
    number += 1;
    const out = join(root, `ceremony-${number}.json`);
    done(await network.run(name, 'propose', ...change, '--out', out));
    return new Mailbox(network, out);
  };
  return { root, network, genesis, block, propose };
}

/** Everything that the ceremonies of a channel are for, one after the other. */
export async function tryCeremonies(names: readonly string[], ordering: 'raft' | 'bft'): Promise<void> {
  const { root, network, genesis, block, propose } = await foundedBy(names, ordering);
  const enough = names.slice(0, Math.floor(names.length / 2) + 1);

  // The batch timeout.
  const timeout = await propose('Alpha', 'batch-timeout', '--milliseconds', '500');
  const outdated = await propose('Beta', 'block-size', '--messages', '9');
  await outdated.sign(...enough);
  await timeout.sign(...enough.slice(1));
  const tooFew = await timeout.submit('Alpha');
  assert.equal(tooFew.code, 1);
  assert.match(tooFew.err, /not sent: \/Channel\/Orderer\/Admins is missing 1 more of AlphaMSP/);
  await timeout.sign('Alpha');
  assert.match(done(await timeout.submit('Alpha')), /The channel has configuration 1, as it was reviewed/);
  const late = await network.run('Beta', 'review', outdated.file);
  assert.equal(late.code, 2);
  assert.match(late.err, /changes the configuration number 0, and the channel has number 1: it is outdated/);

  // Orderers refuse it too, although the timeout is no part of what it changes.
  const { peer, place } = network.of('Beta');
  const own = readOwnPlace(place);
  const answer = await broadcast(
    own.orderers[0]!,
    changeEnvelope(readCeremony(outdated.file), administratorOf(own)),
  );
  assert.equal(answer.isTaken, false);
  assert.match(
    inOurWords(answer.words),
    /(BatchTimeout|ConsensusType) be at.*\(the channel has changed since: propose the change again\)/,
  );
  assert.equal(own.peer?.address, `localhost:${peer.port}`);

  // One more organisation, with a peer that joins.
  const delta = await network.add('Delta');
  const definition = join(root, 'Delta.definition.json');
  const itself = [
    '--msp',
    join(delta.folder, 'msp'),
    '--peer',
    `localhost:${delta.peer.port}`,
    ...['--orderer', `localhost:${delta.orderer.port}`],
    ...['--certificate', delta.orderer.tls.certificate, '--identity', delta.orderer.signCertificate],
    '--out',
    definition,
  ];
  done(await network.run('Delta', 'propose', 'definition', ...itself));
  const joining = await propose('Beta', 'add-organisation', '--definition', definition);
  await joining.sign(...enough);
  done(await joining.submit('Beta'));
  network.writePlace('Delta', genesis, names);
  await network.startPeer('Delta');
  await network.joinPeer('Delta', block);

  // A chaincode, by the word of a majority of all that are in the channel now.
  const all = [...names, 'Delta'];
  const majority = all.slice(0, Math.floor(all.length / 2) + 1);
  const chaincode = await propose(
    'Gamma',
    'chaincode',
    '--name',
    'consilium',
    '--version',
    '1',
    '--sequence',
    '1',
  );
  const unsigned = await chaincode.submit('Alpha');
  assert.match(unsigned.err, /not approved: the administrator of AlphaMSP has not signed this file/);
  await chaincode.sign(...majority);
  for (const name of majority.slice(0, -1)) {
    assert.match(done(await chaincode.submit(name)), /It is not committed: \d+ more of|have to approve it/);
  }
  assert.match(done(await chaincode.submit(majority.at(-1)!)), /Approved, and committed/);
  assert.match(
    done(await chaincode.submit('Alpha')),
    /The channel runs this definition already: nothing was sent/,
  );

  // Its upgrade, which is the next sequence and no other.
  const upgradeTo = (version: string, sequence: string) => {
    const definition = ['--name', 'consilium', '--version', version, '--sequence', sequence];
    return propose('Beta', 'chaincode', ...definition);
  };
  const tooFar = await upgradeTo('3', '3');
  await tooFar.sign('Alpha');
  const skipped = await tooFar.submit('Alpha');
  assert.equal(skipped.code, 1);
  assert.match(skipped.err, /the sequence is outdated: propose the definition again/);
  const upgrade = await upgradeTo('2', '2');
  const review = await upgrade.review('Alpha');
  assert.match(JSON.stringify(review), /"version: 2","sequence: 2"/);
  await upgrade.sign(...majority);
  for (const name of majority.slice(0, -1)) {
    assert.match(done(await upgrade.submit(name)), /It is not committed: \d+ more of|have to approve it/);
  }
  assert.match(done(await upgrade.submit(majority.at(-1)!)), /Approved, and committed/);
  // What was asked for before is the sequence of another definition now.
  const former = await chaincode.submit('Alpha');
  assert.equal(former.code, 1);
  assert.match(former.err, /the sequence is outdated: propose the definition again/);

  // A client whose certificate is revoked.
  const { authority, client } = network.of('Alpha');
  assert.match(await network.fetchAs('Alpha', client), /height/);
  const list = join(root, 'alpha.crl');
  writeFileSync(list, await authority.revoke([client]));
  const revocation = await propose('Alpha', 'revocation-lists', '--organisation', 'AlphaMSP', '--list', list);
  done(await (await revocation.sign('Alpha')).submit('Alpha'));
  await assert.rejects(network.fetchAs('Alpha', client), /access denied|creator|identity|revoked/i);
  const { peer: ownPeer } = readOwnPlace(network.of('Alpha').place);
  const asClient = { channel: 'consortium', identity: identityOf(client) };
  await assert.rejects(
    fetchBlock(ownPeer!, 'newest', asClient),
    (error) => error instanceof FabricNodeError && error.refuses,
  );
  await assert.rejects(
    fetchBlock({ ...ownPeer!, address: 'localhost:1' }, 'newest', asClient),
    (error) => error instanceof FabricNodeError && !error.refuses,
  );

  // An orderer's certificates: of TLS, and under BFT also that with which it signs blocks.
  const gamma = network.of('Gamma');
  const fresh = await gamma.authority.issue('orderer', { hosts: ['localhost'] });
  const certificate = join(root, 'gamma-new.crt');
  writeFileSync(certificate, canonical(fresh.pem));
  const signer = await gamma.authority.issue('orderer');
  const signerFile = join(root, 'gamma-signer.crt');
  writeFileSync(signerFile, canonical(signer.pem));
  const signing = ordering === 'bft' ? ['--identity', signerFile] : [];
  const at = ['--orderer', `localhost:${gamma.orderer.port}`, '--certificate', certificate, ...signing];
  const renewal = await propose('Gamma', 'renew-orderer', ...at);
  assert.deepEqual((await renewal.review('Alpha')).warnings.length, 1);
  done(await (await renewal.sign(...majority)).submit('Alpha'));
  await network.stop('orderer-Gamma');
  writeTls(join(gamma.folder, 'orderer/tls'), gamma.authority, fresh);
  writeMsp(join(gamma.folder, 'orderer/msp'), gamma.authority, signer);
  await network.startOrderer('Gamma');

  // Without another orderer: the renewed one counts.
  await network.stop('orderer-Beta');
  const size = await propose('Alpha', 'block-size', '--messages', '2');
  assert.match((await size.review('Beta')).warnings[0]!, /a block could hold 2 transactions, and 1 before/);
  done(await (await size.sign(...majority)).submit('Gamma'));
  await network.startOrderer('Beta');

  // The new organisation's orderer follows the channel, orders, and orders no more.
  const latest = join(root, 'latest.block');
  const alpha = readOwnPlace(network.of('Alpha').place);
  const asking = { channel: 'consortium', identity: administratorOf(alpha) };
  const newest = await fetchBlock(alpha.peer!, 'newest', asking);
  writeFileSync(latest, await fetchBlock(alpha.peer!, lastConfigurationOf(newest), asking));
  await network.startOrderer('Delta');
  await network.joinOrderer('Delta', latest);
  // What a peer proposes is of the configuration that it has: its own may still be reading the channel.
  const atDelta = readOwnPlace(network.of('Delta').place);
  const askingDelta = { channel: 'consortium', identity: administratorOf(atDelta) };
  const changedIn = lastConfigurationOf(newest);
  while (lastConfigurationOf(await fetchBlock(atDelta.peer!, 'newest', askingDelta)) < changedIn)
    await sleep(100);
  const address = `localhost:${delta.orderer.port}`;
  const ordererJoins = await propose(
    'Delta',
    'add-orderer',
    '--definition',
    definition,
    '--orderer',
    address,
  );
  done(await (await ordererJoins.sign(...majority)).submit('Alpha'));
  const faster = await propose('Alpha', 'batch-timeout', '--milliseconds', '250');
  done(await (await faster.sign(...majority)).submit('Alpha'));
  const without = await propose('Alpha', 'remove-orderer', '--orderer', address);
  done(await (await without.sign(...majority)).submit('Alpha'));

  // An organisation leaves; three of four have to sign, and its own need not.
  const leaving = await propose('Alpha', 'remove-organisation', '--organisation', 'DeltaMSP');
  await leaving.sign(...majority.slice(1));
  const missingOne = await leaving.submit('Beta');
  assert.equal(missingOne.code, 1);
  assert.match(missingOne.err, /\/Channel\/Application\/Admins is missing 1 more of AlphaMSP/);
  done(await (await leaving.sign('Alpha')).submit('Beta'));
  const again = await network.run(
    'Beta',
    'propose',
    'remove-organisation',
    '--organisation',
    'DeltaMSP',
    '--out',
    block,
  );
  assert.equal(again.code, 2);
  assert.match(again.err, /DeltaMSP is not in the channel/);
  assert.doesNotMatch(readFileSync(leaving.file, 'utf8'), /PRIVATE/);
}
