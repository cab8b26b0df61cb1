/**
 * Judges the suite itself: a real Fabric network must pass it. The network is named by CONSILIUM_CONNECTION,
 * a connection file; the probe must be deployed on it (see README.md) under CONSILIUM_PROBE ("probe").
 * CONSILIUM_FABRIC_MAJOR may be 2, for Fabric 2.5.
 * CONSILIUM_ODD_IDENTITIES may name a file with an expired certificate and one without a role,
 * CONSILIUM_CRASH a program that kills every process of the network and starts it again.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { conformanceSuite, type OddIdentities, readConnection } from './index.ts';

const path = process.env.CONSILIUM_CONNECTION;
const odd = process.env.CONSILIUM_ODD_IDENTITIES;
const crash = process.env.CONSILIUM_CRASH;
const fabricMajor = Number(process.env.CONSILIUM_FABRIC_MAJOR ?? 3);
const run = promisify(execFile);

if (path === undefined || path === '') {
  it('a real Fabric network answers as Fabric does', {
    skip: 'not run: no real Fabric network (set CONSILIUM_CONNECTION)',
  });
} else {
  conformanceSuite('the network of CONSILIUM_CONNECTION', {
    async setup() {
      const connection = await readConnection(path);
      const probe = process.env.CONSILIUM_PROBE ?? 'probe';
      return {
        connection,
        probe,
        fabricMajor,
        ...(odd && { oddIdentities: JSON.parse(await readFile(odd, 'utf8')) as OddIdentities }),
        ...(crash && { crashAndRestart: async () => void (await run(crash)) }),
      };
    },
    async teardown() {},
  });
}
