// The trainer's own decision who may ask what, with its gateway's word for who asks and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LOCAL_ROUTES, ROLES } from '@consilium/domain';
import { pino } from 'pino';
import { generateMemberKeys, MemberKeyRing, MemoryArtefactStore } from '../artefacts/index.ts';
import { buildTrainer, type Trainer } from '../assemble-trainer.ts';
import { Journal } from '../journal/journal.ts';
import { askAs, assertionOf, TRAINER_KEY } from '../testing/asserted-request.ts';
import { smallConsortium } from '../testing/small-consortium.ts';

const MODELS = '/local/models/none/onnx';

describe('who may ask a trainer what', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-roles-'));
  let journal: Journal;
  let trainer: Trainer;
  let port: number;

  before(async () => {
    const store = new MemoryArtefactStore();
    const { consortium } = await smallConsortium({ directory, store, study: { state: 'proposed' } });
    journal = new Journal(join(directory, 'service'));
    trainer = buildTrainer({
      mspId: 'A',
      trainerKey: TRAINER_KEY,
      takeoverMs: 1000,
      pollMs: 1000,
      ledger: consortium.as('A'),
      journal,
      dataFolders: [directory],
      store,
      keys: MemberKeyRing.of(generateMemberKeys()),
      log: pino({ level: 'silent' }),
      signal: AbortSignal.abort(),
    });
    port = Number(new URL(await trainer.http.listen({ port: 0, host: '127.0.0.1' })).port);
  });
  after(async () => {
    await trainer.http.close();
    journal.close();
    rmSync(directory, { recursive: true });
  });

  /** All that comes back on one connection until the trainer closes it. */
  const exchange = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text, 'latin1'));
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
  const head = async (line: string, ...more: string[]) => {
    const [method = '', target = ''] = line.split(' ');
    const token = await assertionOf({ role: 'steward', method, target });
    return [line, 'host: a', `authorization: Bearer ${token}`, ...more, '', ''].join('\r\n');
  };
  const statusesOf = (answers: string) =>
    [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

  it('refuses each route to each role that the table does not name, and serves it to the others', async () => {
    for (const { method, path, roles } of Object.values(LOCAL_ROUTES)) {
      for (const role of ROLES) {
        const url = path.replaceAll(/\{\w+\}/g, 'none');
        const answer = await askAs(trainer.http, role, {
          method,
          url,
          ...(method === 'POST' && { payload: {} }),
        });
        const refused = answer.statusCode === 403 && answer.json().code === 'TRAINER_ROLE_REFUSED';
        assert.equal(refused, !(roles as readonly string[]).includes(role), `${role} ${method} ${url}`);
        assert.notEqual(answer.statusCode, 401);
      }
    }
  });

  it('serves what is in the table and nothing else', () => {
    const served = trainer.http.printRoutes({ commonPrefix: false }).match(/\((?:GET|POST|HEAD|PUT)[^)]*\)/g);
    assert.equal(served?.length, Object.keys(LOCAL_ROUTES).length + 2, 'and /healthz, /metrics');
  });

  it('does not believe a header about the role', async () => {
    const url = '/local/datasets/none/held-out';
    for (const name of ['x-consilium-role', 'x-role', 'role']) {
      const answer = await askAs(trainer.http, 'auditor', { url, headers: { [name]: 'steward' } });
      assert.equal(answer.json().code, 'TRAINER_ROLE_REFUSED');
    }
  });

  it('refuses a path that is written in another way than the assertion has it', async () => {
    const token = () => assertionOf({ role: 'steward', target: '/local/jobs' });
    for (const target of [
      '//local/jobs',
      '/local/jobs/',
      '/local/%6aobs',
      '/local/x/../jobs',
      '/local/%2e%2e/local/jobs',
      '/local%2fjobs',
      '/local/jobs?',
      '/local/jobs;x',
      'http://a/local/jobs',
      '/LOCAL/jobs',
      '*',
    ]) {
      const answer = await exchange(
        `GET ${target} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${await token()}\r\nconnection: close\r\n\r\n`,
      );
      assert.deepEqual(statusesOf(answer), [401], target);
    }
  });

  it('answers one request on a connection, whatever follows on it', async () => {
    const second = await head('GET /local/jobs HTTP/1.1');
    assert.deepEqual(
      statusesOf(await exchange((await head('GET /local/jobs HTTP/1.1')) + second)).slice(0, 1),
      [200],
    );
    const jobs = await head('GET /local/jobs HTTP/1.1', 'content-length: 10');
    const both = await exchange(`${jobs}0123456789${await head(`GET ${MODELS} HTTP/1.1`)}`);
    assert.ok(!both.includes('TRAINER_STUDY_NOT_FOUND'), both);
  });

  it('refuses a length together with chunks, two lengths, a broken chunk and a header that is folded', async () => {
    const body = '{"datasetId":"x"}';
    for (const more of [
      ['content-length: 5', 'transfer-encoding: chunked'],
      ['content-length: 17', 'content-length: 18'],
      ['transfer-encoding: chunked, identity'],
      ['content-length: +17'],
      ['content-length: 0x11'],
      ['x-a: b', ' authorization: Bearer x'],
      ['x-a : b'],
    ]) {
      const answer = await exchange((await head('POST /local/datasets HTTP/1.1', ...more)) + body);
      assert.deepEqual(statusesOf(answer), [400], more.join());
    }
  });

  it('refuses two Authorization headers, whichever of them is good', async () => {
    for (const more of ['authorization: Bearer x', 'Authorization: Basic YTpi']) {
      const answer = await exchange(await head('GET /local/jobs HTTP/1.1', more, 'connection: close'));
      assert.deepEqual(statusesOf(answer), [401]);
    }
  });

  it('answers what it refuses only after the body has come, so that the answer is not lost', async () => {
    const payload = 'x'.repeat(3_000_000);
    const target = '/local/predictions';
    const token = await assertionOf({ role: 'steward', method: 'POST', target });
    const answer = await fetch(`http://127.0.0.1:${port}${target}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: payload,
    });
    assert.equal(answer.status, 415);
    assert.match(((await answer.json()) as { requestId: string }).requestId, /^[0-9a-f-]{36}$/);
  });
});
