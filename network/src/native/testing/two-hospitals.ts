// Two hospitals on real Fabric, in a folder of their own that is gone after the file's tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Consortium } from '../../config.ts';
import { Supervisor } from '../../supervisor.ts';
import { planFabric } from '../native-runtime.ts';

export type InstalledChaincodes = Parameters<typeof planFabric>[2];

/** @param name of the consortium, and in that of its folder */
export async function twoHospitals(name: string) {
  const consortium: Consortium = {
    ...{ name, channel: 'consortium', runtime: 'native' },
    organisations: [
      { name: 'north', mspId: 'NorthMSP', title: 'North' },
      { name: 'south', mspId: 'SouthMSP', title: 'South' },
    ],
    chaincode: { name: 'consilium', policy: 'MAJORITY' },
  };
  const directory = await mkdtemp(join(tmpdir(), `consilium-${name}-`));
  let supervisor: Supervisor | undefined;
  after(async () => {
    await supervisor?.stop();
    await rm(directory, { recursive: true });
  });
  const plan = (chaincodes: InstalledChaincodes) => planFabric(consortium, directory, chaincodes);
  return {
    consortium,
    directory,
    plan,
    async start(chaincodes: InstalledChaincodes): Promise<void> {
      supervisor = new Supervisor({
        ...{ consortium, directory, report: () => {} },
        plan: () => plan(chaincodes),
      });
      await supervisor.start();
    },
  };
}
