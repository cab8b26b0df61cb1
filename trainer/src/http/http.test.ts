import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { bandWeight, ERRORS, type Role } from '@consilium/domain';
import { provesKey } from '@consilium/domain/key-proof';
import { samplingRateOf } from '@consilium/dp-sgd';
import { pino } from 'pino';
import { generateMemberKeys, MemberKeyRing, MemoryArtefactStore } from '../artefacts/index.ts';
import { buildTrainer, type Trainer } from '../assemble-trainer.ts';
import { TRAINER_ERRORS } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import { askAs, TRAINER_KEY } from '../testing/asserted-request.ts';
import { csvOf, DICTIONARY, type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';

describe('the local service', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-http-'));
  const keys = generateMemberKeys();
  const store = new MemoryArtefactStore();
  let world: SmallConsortium;
  let journal: Journal;
  let trainer: Trainer;
  const stopping = new AbortController();
  const audit: Record<string, unknown>[] = [];

  before(async () => {
    world = await smallConsortium({ directory, store, study: { state: 'proposed' } });
    journal = new Journal(join(directory, 'service'));
    trainer = buildTrainer({
      mspId: 'A',
      trainerKey: TRAINER_KEY,
      takeoverMs: 1000,
      pollMs: 1000,
      ledger: world.consortium.as('A'),
      journal,
      dataFolders: [directory],
      store,
      keys: MemberKeyRing.of(keys),
      log: pino({ level: 'info' }, { write: (line) => audit.push(JSON.parse(line)) }),
      signal: stopping.signal,
    });
  });
  after(async () => {
    stopping.abort();
    await trainer.http.close();
    journal.close();
    rmSync(directory, { recursive: true });
  });

  const ask = ({ url }: { url: string }, role: Role = 'steward') => askAs(trainer.http, role, { url });
  const post = (url: string, payload: object) =>
    askAs(trainer.http, url === '/local/models' ? 'researcher' : 'steward', { method: 'POST', url, payload });
  const aFile = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it('answers health and metrics without an assertion, and nothing else', async () => {
    for (const url of ['/healthz', '/metrics'])
      assert.equal((await trainer.http.inject(url)).statusCode, 200);
    for (const headers of [{}, { authorization: `Bearer ${TRAINER_KEY}` }, { authorization: TRAINER_KEY }]) {
      for (const url of ['/local/jobs', '/local/nothing', '/', '/healthz/../local/jobs']) {
        const response = await trainer.http.inject({ url, headers });
        assert.equal(response.statusCode, 401);
        assert.equal(response.json().code, 'TRAINER_ASSERTION_REFUSED');
        assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
      }
    }
  });

  it('gives the public half of its encryption key, with a proof that it has the other', async () => {
    const { keyProof, ...key } = (await ask({ url: '/local/encryption-key' })).json();
    assert.deepEqual(key, { encryptionPublicKey: keys.publicKey });
    const claim = { channel: 'consortium', mspId: 'A', encryptionPublicKey: keys.publicKey };
    assert.ok(provesKey({ ...claim, keyProof }));
    assert.ok(!provesKey({ ...claim, mspId: 'B', keyProof }));
  });

  it('prepares a dataset, the same way each time it is asked', async () => {
    const path = aFile('own.csv', csvOf(1));
    const request = { datasetId: 'own-data', path, dictionary: DICTIONARY };
    const first = await post('/local/datasets', request);
    assert.equal(first.statusCode, 200, first.body);
    const { commitment, recordCountBand, largestAdvisedDelta, problems } = first.json();
    assert.equal(largestAdvisedDelta, '0.001');
    assert.match(commitment, /^bafk/);
    assert.deepEqual(recordCountBand, { low: 50, high: 99 });
    assert.deepEqual(problems, []);
    assert.equal((await post('/local/datasets', request)).json().commitment, commitment);
    const others = aFile('others.csv', csvOf(1).replaceAll(/^p/gm, 'q'));
    const other = await post('/local/datasets', { ...request, datasetId: 'other-data', path: others });
    assert.notEqual(other.json().saltSha256, first.json().saltSha256, 'another salt');
    const { rows } = (await ask({ url: '/local/datasets/own-data/held-out' })).json();
    assert.ok(rows.length > 0 && rows.every((row: number) => Number.isInteger(row) && row >= 1));
    const ids = await ask({ url: '/local/datasets/own-data/held-out?as=ids' });
    assert.equal(ids.json().code, 'DATASET_NOT_FOUND', 'it is not registered yet');
  });

  it('refuses bad files with column and code, and without their lines and values', async () => {
    const good = csvOf(1).split('\n');
    const bad = (index: number, row: string) => good.with(index, row).join('\n');
    const cases: [string, string, string][] = [
      ['bounds', bad(3, 'p3,444,1,0'), 'VALUE_OUT_OF_BOUNDS'],
      ['label', bad(3, 'p3,44,1,444'), 'LABEL_NOT_BINARY'],
      ['column', csvOf(1).replace('smoker', 'smokes'), 'COLUMN_UNKNOWN'],
      ['not-csv', '\0\0\x244', 'FILE_HAS_NUL'],
      ['empty', '', 'FILE_EMPTY'],
      ['few', 'id,age,smoker,ill\np1,44,1,0\n', 'TOO_FEW_PATIENTS'],
    ];
    for (const [name, text, code] of cases) {
      const path = aFile(`${name}.csv`, text);
      const response = await post('/local/datasets', { datasetId: 'bad-data', path, dictionary: DICTIONARY });
      assert.equal(response.statusCode, 422, name);
      assert.equal(response.json().code, 'TRAINER_DATASET_REFUSED');
      assert.equal(response.json().problems[0].code, code);
      assert.equal('line' in response.json().problems[0], false);
      assert.doesNotMatch(response.body, /\b444\b/);
    }
    const missing = { datasetId: 'bad-data', path: join(directory, 'none.csv'), dictionary: DICTIONARY };
    assert.equal((await post('/local/datasets', missing)).json().problems[0].code, 'FILE_UNREADABLE');
    assert.equal(journal.dataset('bad-data'), undefined);
  });

  it('reveals by no number of registrations what a column holds: each reveals one bit of it, and there are few', async () => {
    const lines = csvOf(1).split('\n').filter(Boolean);
    const notes = ['head,ache', ...lines.slice(1).map((_, i) => `secret-${i % 7}`)];
    const path = aFile(
      'notes.csv',
      lines.map((line, i) => `${line},${i === 0 ? 'note' : notes[i]}`).join('\n'),
    );
    const guess = (categories: string[]) => ({
      datasetId: 'guessing',
      path,
      dictionary: {
        ...DICTIONARY,
        features: [...DICTIONARY.features, { name: 'note', kind: 'categorical', categories }],
      },
    });
    const answers = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { body } = await post('/local/datasets', guess([`secret-${i}`, 'other']));
      assert.doesNotMatch(body, /secret|"line"|ache/);
      const { requestId: _, ...answer } = JSON.parse(body);
      answers.add(JSON.stringify(answer));
    }
    assert.equal(answers.size, 1, 'whichever value is guessed and however many rows have it');
    const next = await post('/local/datasets', guess(['secret-1', 'secret-2']));
    assert.equal(`${next.statusCode} ${next.json().code}`, '507 TRAINER_ATTEMPTS_EXHAUSTED');
    const [audited] = audit.filter(({ datasetId }) => datasetId === 'guessing');
    assert.deepEqual(
      [String(audited?.askedBy).split(' ')[0], audited?.outcome, audited?.path],
      ['steward', 'TRAINER_DATASET_REFUSED', path],
    );
    assert.equal(audit.filter(({ datasetId }) => datasetId === 'guessing').length, 21);
  });

  it('answers a key 50 histories of patients a day, each in the audit log, and no more', async () => {
    const about = {
      datasetId: 'with-patients',
      path: aFile('patients.csv', csvOf(7)),
      dictionary: DICTIONARY,
    };
    const prepared = await post('/local/datasets', about);
    assert.equal(prepared.statusCode, 200, prepared.body);
    const asks = (patient: string) => post('/local/populations/with-patients/histories', { patient });
    for (let i = 0; i < 50; i++) assert.equal((await asks(`somebody-${i}`)).statusCode, 200);
    const next = await asks('somebody-51');
    assert.equal(`${next.statusCode} ${next.json().code}`, '507 TRAINER_ATTEMPTS_EXHAUSTED');
    const asked = audit.filter((line) => line.audit === 'history of a patient');
    assert.equal(asked.length, 50);
    assert.ok(asked.every(({ askedBy }) => String(askedBy).startsWith('steward ')));
    assert.doesNotMatch(JSON.stringify(audit), /somebody/, 'no log has an id');
  });

  it("refuses another hospital's dataset id, a relative path and a request without its fields", async () => {
    const path = aFile('own.csv', csvOf(1));
    const taken = await post('/local/datasets', { datasetId: 'b-data', path, dictionary: DICTIONARY });
    assert.equal(`${taken.statusCode} ${taken.json().code}`, '409 DATASET_EXISTS');
    assert.equal(taken.json().title, ERRORS.DATASET_EXISTS[1]);
    const relative = { datasetId: 'own-data', path: 'own.csv', dictionary: DICTIONARY };
    const refused = await post('/local/datasets', relative);
    assert.equal(`${refused.statusCode} ${refused.json().code}`, '403 TRAINER_PATH_REFUSED');
    assert.match(refused.json().detail, /absolute path/);
    const empty = await post('/local/datasets', {});
    assert.equal(`${empty.statusCode} ${empty.json().code}`, '422 TRAINER_INPUT_INVALID');
    assert.equal(empty.json().title, TRAINER_ERRORS.TRAINER_INPUT_INVALID[2]);
    assert.match(empty.json().detail, /datasetId/);
  });

  it('builds a model for a dictionary and publishes it in clear', async () => {
    const request = { kind: 'logistic-regression', dictionary: DICTIONARY, localIntercept: true };
    const response = await post('/local/models', request);
    assert.equal(response.statusCode, 200, response.body);
    const { graph, ...rest } = response.json();
    assert.deepEqual(rest, { inputs: 4, parameters: 6, localParameters: ['local.intercept'] });
    assert.equal((await store.get(graph)).length, graph.sizeBytes);
    assert.equal((await ask({ url: '/local/artefacts/usage' })).json().count, 1);
    const coded = [{ name: 'ward', kind: 'code', categories: ['a', 'b'] }, ...DICTIONARY.features];
    const refused = await post('/local/models', {
      ...request,
      dictionary: { ...DICTIONARY, features: coded },
    });
    assert.deepEqual([refused.statusCode, refused.json().code], [422, 'TRAINER_MODEL_INVALID']);
    assert.match(refused.json().detail, /kind code \(ward\) are for an embedding/);
    const perceptron = { ...request, kind: 'multilayer-perceptron', localIntercept: false };
    assert.equal((await post('/local/models', perceptron)).statusCode, 422, 'hidden is missing');
    const built = await post('/local/models', { ...perceptron, hidden: [8] });
    assert.equal(built.json().parameters, 4 * 8 + 8 + 8 + 1);
  });

  it('publishes a graph of one’s own once it fits the dictionary and can be learned and run, and no other', async () => {
    const built = await post('/local/models', {
      ...{ kind: 'logistic-regression', dictionary: DICTIONARY, localIntercept: true },
    });
    const bytes = await store.get(built.json().graph);
    const before = (await ask({ url: '/local/artefacts/usage' })).json().count;
    const request = {
      ...{ kind: 'onnx', dictionary: DICTIONARY, localParameters: ['local.*'] },
      onnx: Buffer.from(bytes).toString('base64'),
    };
    const taken = await post('/local/models', request);
    assert.equal(taken.statusCode, 200, taken.body);
    const { graph, ...rest } = taken.json();
    assert.deepEqual(rest, { inputs: 4, parameters: 6, localParameters: ['local.*'] });
    assert.deepEqual(Buffer.from(await store.get(graph)), Buffer.from(bytes));
    const narrow = { ...DICTIONARY, features: DICTIONARY.features.slice(1) };
    const odd = bytes.slice(0, bytes.length / 2);
    const refusals: readonly (readonly [object, RegExp])[] = [
      [{ dictionary: narrow }, /the graph takes 4 values a row, the dictionary gives/],
      [{ localParameters: ['nothing'] }, /no parameter matches nothing; there are/],
      [{ localParameters: ['*'] }, /nothing to share/],
      [{ onnx: Buffer.from(odd).toString('base64') }, /./],
      [{ onnx: Buffer.from('not a graph').toString('base64') }, /./],
      [{ onnx: '<script>' }, /onnx/],
      [{ graph: 'x' }, /graph is not a known field/],
    ];
    for (const [change, why] of refusals) {
      const refused = await post('/local/models', { ...request, ...change });
      assert.ok(
        refused.statusCode >= 400 && refused.statusCode < 500,
        `${refused.statusCode} ${refused.body}`,
      );
      assert.match(refused.json().detail, why);
    }
    const after = (await ask({ url: '/local/artefacts/usage' })).json().count;
    assert.ok(after - before <= 1, 'nothing that was refused is published');
    const asked = { method: 'POST', url: '/local/models', payload: request } as const;
    assert.equal((await askAs(trainer.http, 'steward', asked)).statusCode, 403);

    // What is brought is pinned at the hospital's node: a key fills it with so many a day, and no more.
    let brought = 6;
    while ((await post('/local/models', request)).statusCode === 200 && brought < 100) brought += 1;
    assert.equal(brought, 30);
    const next = await post('/local/models', request);
    assert.equal(`${next.statusCode} ${next.json().code}`, '507 TRAINER_ATTEMPTS_EXHAUSTED');
    assert.match(next.json().detail, /30 graphs were brought by this key within a day: again from /);
  });

  it("says what is to be known of a study's graph before anyone consents", async () => {
    const { statusCode, body, ...answer } = await ask({ url: '/local/models/study/card' });
    assert.equal(statusCode, 200, body);
    const { graph, ...card } = answer.json();
    assert.match(graph.sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual([card.studyId, card.inputs, card.outputs, card.notes], ['study', 4, 1, []]);
    const none = await ask({ url: '/local/models/none/card' });
    assert.deepEqual([none.statusCode, none.json().code], [404, 'TRAINER_STUDY_NOT_FOUND']);
  });

  it("names what each step's sum is divided by, from the public bands of this hospital's consents alone", async () => {
    const { consortium } = world;
    const card = async () => (await ask({ url: '/local/models/study/card' }, 'researcher')).json();
    const before = consortium.consents.get('study/a-data')!;
    const bands = [
      { low: 50, high: 99 },
      { low: 10, high: 49 },
    ];
    const blocks = bands.map((recordCountBand, i) => ({ block: 2 * i + 1, recordCountBand }));
    const { samplingRate } = consortium.studies.get('study')!.training;
    const share = 0.8 * samplingRateOf(samplingRate);
    try {
      consortium.consents.set('study/a-data', { ...before, blocks });
      assert.deepEqual((await card()).divisors, [
        {
          ...{ datasetId: 'a-data', revision: 1, blocks: [1, 3] },
          divisor: share * (bandWeight(bands[0]!) + bandWeight(bands[1]!)),
        },
      ]);
      // From before there were blocks: the dataset's band.
      consortium.consents.set('study/a-data', before);
      const [old] = (await card()).divisors;
      const { recordCountBand } = consortium.datasets.get('a-data')!;
      assert.deepEqual([old.blocks, old.divisor], [[1], share * bandWeight(recordCountBand)]);
      consortium.consents.delete('study/a-data');
      assert.deepEqual((await card()).divisors, []);
    } finally {
      consortium.consents.set('study/a-data', before);
    }
  });

  it('predicts from records and from CSV alike, a missing value included', async () => {
    const about = { studyId: 'study', round: 'initial' };
    const rows = [{ age: 50, smoker: 1 }, { age: null }];
    const byRows = await post('/local/predictions', { ...about, rows });
    assert.deepEqual(byRows.json(), { probabilities: [0.5, 0.5] }, byRows.body);
    const byCsv = await post('/local/predictions', { ...about, csv: 'age,smoker\n50,1\n?,\n' });
    assert.deepEqual(byCsv.json(), byRows.json(), byCsv.body);
  });

  it('refuses records that are no rows of values, and bodies that would take too much memory', async () => {
    const about = { studyId: 'study', round: 'initial' };
    const nested = await post('/local/predictions', { ...about, rows: [{ age: [[44]] }] });
    assert.deepEqual([nested.statusCode, nested.json().code], [422, 'TRAINER_INPUT_INVALID']);
    const wide = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`name${index}`, 1]));
    const many = await post('/local/predictions', { ...about, rows: [wide] });
    assert.deepEqual([many.statusCode, many.json().code], [422, 'TRAINER_INPUT_INVALID']);
    const large = await post('/local/predictions', { ...about, csv: ' '.repeat(16 * 1024 * 1024) });
    assert.deepEqual([large.statusCode, large.json().code], [413, 'TRAINER_INPUT_INVALID']);
  });

  it('holds few bodies of a kind at a time, whoever sends them slowly', async () => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const asks = (payload: PassThrough) =>
      askAs(trainer.http, 'researcher', { method: 'POST', url: '/local/models', headers, payload });
    const bodies = Array.from({ length: 4 }, () => new PassThrough());
    const slow = bodies.map(asks);
    for (const body of bodies) {
      body.write(' ');
      while (body.readableLength > 0) await immediate();
    }
    const busy = await post('/local/models', { no: 'model' });
    assert.deepEqual([busy.statusCode, busy.json().code], [503, 'TRAINER_BUSY']);
    const other = await post('/local/datasets', { no: 'dataset' });
    assert.equal(other.statusCode, 422, 'another kind');
    for (const body of bodies) body.end('{}');
    assert.deepEqual(
      (await Promise.all(slow)).map(({ statusCode }) => statusCode),
      [422, 422, 422, 422],
    );
    assert.equal((await post('/local/models', { no: 'model' })).statusCode, 422);
  });

  it('says what is wrong with a prediction, and which study or round it does not have', async () => {
    const rows = [{ age: 50 }, { age: 444, shoe_size: 42 }];
    const wrong = await post('/local/predictions', { studyId: 'study', round: 'initial', rows });
    assert.deepEqual(
      wrong.json().problems.map((p: { code: string; line: number }) => `${p.code} ${p.line}`),
      ['FEATURE_UNKNOWN 2', 'VALUE_OUT_OF_BOUNDS 2'],
    );
    assert.doesNotMatch(wrong.body, /\b444\b/);
    const cases: [object, string][] = [
      [{ studyId: 'none', round: 'final', rows: [] }, 'TRAINER_STUDY_NOT_FOUND'],
      [{ studyId: 'study', round: 'final', rows: [] }, 'TRAINER_MODEL_NOT_READY'],
      [{ studyId: 'study', round: 7, rows: [] }, 'TRAINER_MODEL_NOT_READY'],
      [{ studyId: 'study', round: 'initial' }, 'TRAINER_INPUT_INVALID'],
      [{ studyId: 'study', round: 'last', rows: [] }, 'TRAINER_INPUT_INVALID'],
    ];
    for (const [request, code] of cases) {
      assert.equal((await post('/local/predictions', request)).json().code, code);
    }
    assert.equal((await ask({ url: '/local/models/study/onnx' })).json().code, 'TRAINER_MODEL_NOT_READY');
    assert.equal((await ask({ url: '/local/nothing' })).statusCode, 404);
  });
});
