// A consortium of clinics, each on a host of its own, that tests take apart.
import { createHash } from 'node:crypto';
import type { AgreedConsortium } from '../agreed-consortium.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** Clinic1MSP at clinic1.consilium.test, and so on. */
export const exampleConsortium = (count: number): AgreedConsortium => ({
  form: 'hospitals-apart',
  name: 'clinics',
  channel: 'consortium',
  fabric: '3.1',
  organisations: Array.from({ length: count }, (_, at) => ({
    name: `clinic${at + 1}`,
    mspId: `Clinic${at + 1}MSP`,
    title: `Clinic ${at + 1}`,
    host: `clinic${at + 1}.consilium.test`,
    roots: { identity: digest(`identity ${at}`), tls: digest(`tls ${at}`) },
  })),
  foundedAt: '2026-01-01T00:00:00Z',
  ordering: { kind: 'bft' },
  chaincode: { name: 'consilium', version: '1.2.3', policy: 'MAJORITY', sha256: digest('code') },
});
