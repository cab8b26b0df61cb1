// The first block of a channel beside the one that Fabric's own tool makes, where that is installed; and definitions of
// organisations, which their own administrators sign.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { configurationOf } from '@consilium/verify/channel';
import { stringify } from 'yaml';
import { findFabric, whyNoFabric } from '../native/binaries.ts';
import { channelConfiguration, PROFILE } from '../native/channel-configuration.ts';
import type { FabricLayout } from '../native/layout.ts';
import { groupMessage } from './compute-update.ts';
import { firstConfiguration } from './founding.ts';
import {
  definitionDigest,
  type OrganisationDefinition,
  parseDefinition,
  readMspFolder,
  signedDefinition,
} from './organisation-definition.ts';
import { RefusedCeremonyError } from './refused-ceremony.ts';
import { canonical, type Founder, founder, plan } from './testing/founders.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-founding-'));
after(() => rmSync(root, { recursive: true }));

const UNITS = ['Client', 'Peer', 'Admin', 'Orderer'];

/** An organisation's folders as its own tools keep them. */
function writeFolders({ mspId, authority, definition }: Founder): string {
  const folder = join(root, mspId);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write('msp/cacerts/ca.pem', canonical(authority.pem));
  write('msp/tlscacerts/tlsca.pem', canonical(authority.pem));
  const unit = (name: string) => [
    `${name}OUIdentifier`,
    { Certificate: 'cacerts/ca.pem', OrganizationalUnitIdentifier: name.toLowerCase() },
  ];
  write('msp/config.yaml', stringify({ NodeOUs: { Enable: true, ...Object.fromEntries(UNITS.map(unit)) } }));
  write('orderer.pem', definition.orderers[0]!.identity);
  return folder;
}

test('the first configuration is the one that configtxgen makes, under Raft and BFT', {
  skip: whyNoFabric(),
}, async () => {
  for (const ordering of ['raft', 'bft'] as const) {
    const founders = await Promise.all(
      ['AlphaMSP', 'BetaMSP', 'GammaMSP', 'EtaMSP'].map((mspId) => founder(mspId)),
    );
    const nodes = founders.map((one, at) => ({ folder: writeFolders(one), ...one, id: at + 1 }));
    const definitions = nodes.map(({ folder, mspId }): OrganisationDefinition => {
      const orderer = { identity: readFileSync(join(folder, 'orderer.pem'), 'utf8') };
      return {
        mspId,
        msp: readMspFolder(mspId, join(folder, 'msp')),
        anchorPeers: [{ host: 'localhost', port: 7051 }],
        orderers: [
          {
            host: 'localhost',
            port: 7050,
            ...orderer,
            clientTls: orderer.identity,
            serverTls: orderer.identity,
          },
        ],
      };
    });
    const layout = {
      ordering,
      batchTimeoutMs: 200,
      maxMessageCount: 1,
      orderers: [...nodes]
        .sort((a, b) => (a.mspId < b.mspId ? -1 : 1))
        .map(({ mspId, folder }, at) => ({
          id: at + 1,
          mspId,
          host: 'localhost',
          port: 7050,
          organisationDir: folder,
          signCertificate: join(folder, 'orderer.pem'),
          tls: { certificate: join(folder, 'orderer.pem') },
        })),
      peers: nodes.map(({ mspId, folder }) => ({
        mspId,
        host: 'localhost',
        organisationDir: folder,
        port: 7051,
      })),
    } as unknown as FabricLayout;
    writeFileSync(
      join(root, 'configtx.yaml'),
      stringify(channelConfiguration(layout, 'V3_0'), { aliasDuplicateObjects: false }),
    );
    const block = join(root, `${ordering}.block`);
    const parameters = [
      '-profile',
      PROFILE,
      '-channelID',
      'consortium',
      '-configPath',
      root,
      '-outputBlock',
      block,
    ];
    execFileSync(findFabric().programs.configtxgen, parameters, { stdio: 'ignore' });
    const theirs = configurationOf(readFileSync(block)).root;
    const ours = firstConfiguration(plan(ordering), definitions);
    const text = (group: typeof theirs) => JSON.stringify(groupMessage(group).toObject(), null, 1);
    // Go writes maps in any order, and one of them, of the capabilities, has a single entry here.
    assert.equal(text(ours), text(theirs));
  }
});

const refused = (reason: RegExp, work: () => unknown) =>
  assert.throws(work, (error) => error instanceof RefusedCeremonyError && reason.test(error.message));

test("a definition is its own administrator's: changed, foreign or a client's is refused", async () => {
  const [alpha, beta] = await Promise.all(['AlphaMSP', 'BetaMSP'].map((mspId) => founder(mspId)));
  const text = signedDefinition(alpha!.definition, alpha!.admin);
  const read = parseDefinition(Buffer.from(text));
  assert.equal(definitionDigest(read), definitionDigest(alpha!.definition));
  assert.doesNotMatch(text, /PRIVATE/);
  refused(/not signed by its own|is no organisation/, () => signedDefinition(alpha!.definition, beta!.admin));
  refused(/not signed by its administrator/, () => signedDefinition(alpha!.definition, alpha!.client));
  refused(/of AlphaMSP, and its authorities of BetaMSP|not signed/, () =>
    signedDefinition({ ...alpha!.definition, msp: beta!.definition.msp }, alpha!.admin),
  );
  refused(/signed another definition/, () =>
    parseDefinition(Buffer.from(text.replace('orderer0.alphamsp', 'orderer0.mallory'))),
  );
  refused(/not written as a definition is/, () =>
    parseDefinition(Buffer.from(text.replace('"port": 7051', '"port":7051'))),
  );
  refused(/no definition/, () =>
    parseDefinition(Buffer.from(text.replace('"mspId"', '"note": "", "mspId"'))),
  );
  refused(/no JSON/, () => parseDefinition(Buffer.from(text.slice(1))));
  refused(/at most 262144/, () => parseDefinition(Buffer.alloc(300_000, 32)));
  refused(/expired on 2099/, () => parseDefinition(Buffer.from(text), new Date('2100-01-01T00:00:00Z')));
});

test('two definitions of one name, and a channel that nobody orders, found nothing', async () => {
  const alpha = await founder('AlphaMSP');
  refused(/AlphaMSP is defined twice/, () =>
    firstConfiguration(plan(), [alpha.definition, alpha.definition]),
  );
  refused(/no founder has an orderer/, () =>
    firstConfiguration(plan(), [{ ...alpha.definition, orderers: [] }]),
  );
});
