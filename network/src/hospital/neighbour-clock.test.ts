// Clocks of neighbours: what a date shows surely, and what is said of it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { aheadBy, askClock, clockFindings } from './neighbour-clock.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-clock-'));
after(() => rmSync(root, { recursive: true }));
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 1)) as [Clinic];
});

const NOW = new Date('2026-05-01T12:00:00Z');
const said = (...ahead: readonly (number | undefined)[]) =>
  clockFindings(
    ahead.map((one, at) => ({ mspId: `Clinic${at + 2}MSP`, ahead: one })),
    NOW,
  );
const ownOf = (...ahead: readonly (number | undefined)[]) => said(...ahead).at(-1)!;

test('a date shows no more than its whole second and the time of the answer allow', () => {
  const at = 1_000_000;
  assert.equal(aheadBy(at, { begun: at, ended: at }), 0);
  assert.equal(aheadBy(at, { begun: at + 999, ended: at + 999 }), 0);
  assert.equal(aheadBy(at + 10_000, { begun: at, ended: at }), 10);
  assert.equal(aheadBy(at - 10_000, { begun: at, ended: at }), -9);
  // An answer that took as long as it seems to be ahead shows nothing.
  assert.equal(aheadBy(at + 10_000, { begun: at, ended: at + 20_000 }), 0);
});

test('a neighbour that is seconds away is said with its seconds, and one that is minutes away is wrong', () => {
  assert.deepEqual(
    said(0, 7.4, -75, undefined).map(({ what, state }) => [what, state]),
    [
      ['clock of Clinic2MSP', 'good'],
      ['clock of Clinic3MSP', 'soon'],
      ['clock of Clinic4MSP', 'wrong'],
      ['clock of Clinic5MSP', 'unknown'],
      ['clock', 'good'],
    ],
  );
  assert.match(said(7.4)[0]!.text, /is 7 s ahead of this host's: set both by NTP/);
  assert.match(said(-75)[0]!.text, /is 75 s behind this host's/);
});

test("this host's clock is wrong where most of the others agree on another time, and not for one liar", () => {
  assert.equal(ownOf(90, 91, 90).state, 'wrong');
  assert.match(ownOf(-90, -91, 0).text, /those of most others are 90 s behind this host's: set it by NTP/);
  assert.equal(ownOf(0, 0, 9000).state, 'good');
  assert.equal(ownOf(0, 9000).state, 'good');
  assert.equal(ownOf(undefined, undefined).state, 'unknown');
});

test('a gateway is asked over TLS for the date alone, and nothing that answers otherwise is believed', async () => {
  const pem = (name: string) => readFileSync(join(clinic.layout.tls.link, name), 'utf8');
  const own = { cert: pem('server.crt'), key: pem('server.key') };
  let date: string | undefined = new Date(Date.now() + 3_600_000).toUTCString();
  const server = createServer(
    { ...own, ca: pem('ca.crt'), requestCert: true, minVersion: 'TLSv1.3' },
    (_, response) => {
      response.sendDate = false;
      response.writeHead(404, date === undefined ? {} : { date }).end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const probe = {
    host: '127.0.0.1',
    port,
    servername: clinic.hospital.own.host,
    ca: [pem('ca.crt')],
    ...own,
  };
  const ahead = await askClock(probe, 30_000);
  assert.ok(ahead !== undefined && ahead > 3000 && ahead < 3700, String(ahead));
  date = 'yesterday';
  assert.equal(await askClock(probe, 30_000), undefined);
  date = undefined;
  assert.equal(await askClock(probe, 30_000), undefined);
  assert.equal(await askClock({ ...probe, servername: 'elsewhere.example' }, 30_000), undefined);
  assert.equal(await askClock({ ...probe, key: 'nothing' }, 30_000), undefined);
  server.close();
  server.closeAllConnections();
});
