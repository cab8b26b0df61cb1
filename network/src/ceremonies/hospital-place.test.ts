// What a ceremony takes from a hospital's own folder, before and after its channel is founded.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { stringify } from 'yaml';
import { readHospital } from '../hospital/hospital-file.ts';
import { hospitalLayout } from '../hospital/hospital-layout.ts';
import { exampleConsortium } from '../hospital/testing/example-consortium.ts';
import { placeOfHospital } from './hospital-place.ts';
import { administratorOf } from './own-place.ts';
import { foundedChannel } from './testing/founders.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-hospital-place-'));
after(() => rmSync(root, { recursive: true }));

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

test('a hospital has its place in its own folder: its key, its peer, its orderer first, and the first block', async () => {
  const file = join(root, 'hospital.yaml');
  const folders = { folder: join(root, 'own'), mailbox: join(root, 'mailbox') };
  write(join(root, 'consortium.yaml'), stringify(exampleConsortium(4)));
  write(file, stringify({ consortium: 'consortium.yaml', organisation: 'clinic2', ...folders }));
  assert.throws(
    () => placeOfHospital(file),
    (error) => error instanceof ConfigError && /run `hospital init` first/.test(error.message),
  );
  const { fabric, peer } = hospitalLayout(readHospital(file));
  const { founders, founding } = await foundedChannel(['Clinic1MSP', 'Clinic2MSP']);
  const { certificate, key } = founders[1]!.admin;
  write(join(peer.adminMspDir, 'signcerts/cert.pem'), certificate);
  write(join(peer.adminMspDir, 'keystore/key.pem'), key);
  const early = placeOfHospital(file);
  assert.deepEqual(
    [early.mspId, early.channel, early.genesis, early.peer, early.orderers],
    ['Clinic2MSP', 'consortium', undefined, undefined, []],
  );
  assert.deepEqual(administratorOf(early), { mspId: 'Clinic2MSP', certificate, key });

  write(fabric.genesisBlock, founding.bytes);
  for (const node of [...fabric.orderers.slice(0, 3), peer]) write(node.tls.root, certificate);
  const { genesis, peer: own, orderers } = placeOfHospital(file);
  assert.equal(genesis, founding.genesis);
  assert.equal(own?.address, 'clinic2.consilium.test:7051');
  assert.deepEqual(
    orderers.map(({ address }) => address),
    ['clinic2.consilium.test:7050', 'clinic1.consilium.test:7050', 'clinic3.consilium.test:7050'],
  );
});
