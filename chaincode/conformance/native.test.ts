// Judges the chaincode on the network that CONSILIUM_CONNECTION names, where it is deployed as
// CONSILIUM_CHAINCODE ("consilium" by default). CONSILIUM_ENROL may name a program that is given an MSP id, a person
// and a role, and prints a certificate and key of that organisation as JSON. CONSILIUM_PEERS may name a JSON file with
// the certificate and key of each organisation's peer, by MSP id: a network that is only there to be judged.
// CONSILIUM_FETCH may name a program that is given a block's number and a file, and has Fabric's own command write it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { promisify } from 'node:util';
import { attackConformance } from './attack-conformance.ts';
import { evidenceConformance } from './evidence-conformance.ts';
import { evidenceKindsConformance } from './evidence-kinds-conformance.ts';
import { type Credentials, FabricConsortium } from './fabric-consortium.ts';
import { forgeryConformance } from './forgery-conformance.ts';
import { raceConformance } from './race-conformance.ts';
import { stewardsConformance } from './stewards-conformance.ts';
import { studyConformance } from './study-conformance.ts';

const file = process.env.CONSILIUM_CONNECTION;
if (file === undefined || file === '') {
  it('a study runs on a real Fabric network', { skip: 'not run: no network (set CONSILIUM_CONNECTION)' });
} else {
  let ledger: FabricConsortium | undefined;
  after(() => ledger?.[Symbol.asyncDispose]());
  const network = {
    setup: async () => {
      ledger ??= await FabricConsortium.connected(file, process.env.CONSILIUM_CHAINCODE ?? 'consilium');
      return ledger;
    },
    teardown: async () => {},
  };
  const { CONSILIUM_PEERS: keys } = process.env;
  const peer = async (mspId: string): Promise<Credentials> =>
    JSON.parse(await readFile(keys!, 'utf8'))[mspId];
  // First, while nobody is a member yet.
  forgeryConformance('forged rows on the network of CONSILIUM_CONNECTION are refused', {
    ...network,
    ...(keys && { peer }),
  });
  const { CONSILIUM_FETCH: fetcher } = process.env;
  const fetchBlock = async (number: number): Promise<Uint8Array> => {
    const folder = await mkdtemp(join(tmpdir(), 'block-'));
    const block = join(folder, 'block.pb');
    try {
      await promisify(execFile)(fetcher!, [String(number), block]);
      return await readFile(block);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  evidenceConformance('evidence of a study on the network of CONSILIUM_CONNECTION', {
    ...network,
    ...(keys && { peer }),
    ...(fetcher && { fetchBlock }),
  });
  evidenceKindsConformance('evidence of every kind on the network of CONSILIUM_CONNECTION', {
    ...network,
    ...(keys && { peer }),
  });
  studyConformance('a study on the network of CONSILIUM_CONNECTION', network);
  attackConformance('attacks on the network of CONSILIUM_CONNECTION are refused', network);
  raceConformance('studies that race on the network of CONSILIUM_CONNECTION', network);
  const { CONSILIUM_ENROL: program } = process.env;
  const enrol = async (...who: [mspId: string, person: string, role: string]): Promise<Credentials> =>
    JSON.parse((await promisify(execFile)(program!, who)).stdout);
  const people = program ? { enrol } : {};
  stewardsConformance('consents of several stewards on the network of CONSILIUM_CONNECTION', {
    ...network,
    ...people,
  });
}
