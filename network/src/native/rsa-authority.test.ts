// A real channel whose one organisation has an authority with a key of RSA, and revokes one of its clients: Fabric's
// peers and orderer take what the verifier takes, and refuse whom it refuses.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurationOf, readCertificate, x509Of } from '@consilium/verify/channel';
import { checkedChannel } from '@consilium/verify/testing/checked-channel';
import {
  ALGORITHMS,
  KEYS,
  makeCertificate,
  makeRevocationList,
  nameOf,
  ofAuthority,
  pemOf,
  reissued,
} from '@consilium/verify/testing/made-certificate';
import { findFabric, whyNoFabric } from './binaries.ts';
import { FabricCommands } from './fabric-commands.ts';
import type { FabricLayout } from './layout.ts';
import { revokeInChannel } from './testing/revoked-in-channel.ts';
import { twoHospitals } from './testing/two-hospitals.ts';

const LOST = 'researcher';
const KEY_ID = '0707';
const SERIAL = 4711;
const ALGORITHM = ALGORITHMS.pkcs1[1]!;

const hospitals = await twoHospitals('rsa');

/** Gives the organisation's root another key, by which all of its certificates are issued once more. */
function giveRsaRoot(organisationDir: string) {
  const root = KEYS.rsa();
  const old = readCertificate(readFileSync(join(organisationDir, 'msp/cacerts/ca.pem')));
  const pem = pemOf(
    makeCertificate({
      ...{ issuer: old.subject, subject: old.subject, publicKey: root.publicKey, signer: root.privateKey },
      ...{ algorithm: ALGORITHM, extensions: ofAuthority(KEY_ID) },
    }),
  );
  const files = readdirSync(organisationDir, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('cacerts/ca.pem') && !name.includes('tls'))) {
    writeFileSync(join(organisationDir, file), pem);
  }
  for (const file of files.filter((name) => name.endsWith('signcerts/cert.pem'))) {
    const path = join(organisationDir, file);
    const read = readCertificate(readFileSync(path));
    const by = { signer: root.privateKey, algorithm: ALGORITHM };
    // The one who is to be revoked is an administrator too: others approve nothing.
    const changed = file.includes(`users/${LOST}/`)
      ? makeCertificate({
          ...{ serial: SERIAL, issuer: old.subject, subject: nameOf(`${LOST}@north`, ['admin']) },
          ...{ publicKey: x509Of(read).publicKey, ...by },
        })
      : reissued(read.der, by);
    writeFileSync(path, pemOf(changed));
  }
  return { key: root, subject: old.subject };
}

/** As the organisation's peer has them. */
async function blocksOf(commands: FabricCommands, { peers, channel }: FabricLayout): Promise<Uint8Array[]> {
  const [north] = peers as [FabricLayout['peers'][0]];
  const info = await commands.peer(north, 'channel', 'getinfo', '--channelID', channel);
  const { height } = JSON.parse(/Blockchain info: (\{.*\})/.exec(info)![1]!) as { height: number };
  const blocks: Uint8Array[] = [];
  for (let number = 0; number < height; number++) {
    const file = join(hospitals.directory, `${number}.block`);
    await commands.peer(north, 'channel', 'fetch', String(number), file, '--channelID', channel);
    blocks.push(readFileSync(file));
  }
  return blocks;
}

test('an authority with a key of RSA, and its list, count for peers as they do for the verifier', {
  skip: whyNoFabric(),
}, async () => {
  await hospitals.plan([]);
  const { layout } = await hospitals.plan([]);
  const [north] = layout.peers as [FabricLayout['peers'][0]];
  const authority = giveRsaRoot(north.organisationDir);
  rmSync(layout.genesisBlock);
  await hospitals.start([]);
  const commands = new FabricCommands(findFabric(), layout);
  const lostDir = join(north.organisationDir, 'users', LOST, 'msp');
  const approve = (adminMspDir: string, sequence: number) =>
    commands.peer(
      { ...north, adminMspDir },
      ...[
        'lifecycle',
        'chaincode',
        'approveformyorg',
        '--channelID',
        layout.channel,
        '--name',
        `rules${sequence}`,
      ],
      ...['--version', '1', '--sequence', '1', '--waitForEvent', ...commands.toOrderer],
      ...['--peerAddresses', `${north.host}:${north.port}`, '--tlsRootCertFiles', north.tls.root],
    );
  await commands.insist(60_000, () => approve(north.adminMspDir, 1));
  await approve(lostDir, 2);

  const list = makeRevocationList({
    ...{ issuer: authority.subject, keyId: KEY_ID, serials: [SERIAL] },
    ...{ signer: authority.key.privateKey, algorithm: ALGORITHM },
  });
  await revokeInChannel(pemOf(list, 'X509 CRL'), { commands, layout, peer: north });
  await commands.insist(60_000, () =>
    assert.rejects(
      approve(lostDir, 3),
      /access denied|creator is not valid|Failed evaluating policy|revoked/i,
    ),
  );
  await approve(north.adminMspDir, 4);

  const blocks = await blocksOf(commands, layout);
  const checked = checkedChannel(blocks, layout.channel);
  assert.deepEqual(
    checked
      .flatMap(({ transactions }) => transactions)
      .map(({ sender }) => sender.commonName?.replace(/@.*/, '')),
    ['admin', LOST, 'admin'],
  );
  const configuration = configurationOf(blocks[checked.at(-1)!.configurationBlock]!);
  const { msp } = configuration.organisations.get('Application/NorthMSP')!;
  assert.equal(msp.unjudgedBecause, undefined);
  const judged = (folder: string) =>
    msp.judge(readFileSync(join(folder, 'signcerts/cert.pem'))).invalidBecause;
  assert.match(judged(lostDir)!, /revoked/);
  assert.equal(judged(north.adminMspDir), undefined);
});
