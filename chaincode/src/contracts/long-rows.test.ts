// Rows and texts of the greatest length, and that they cost their readers a bounded part of what an answer may be.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, STUDY_BYTES_MAX, type StudySummary } from '@consilium/domain';
import { datasetArgument, sha256, studyArgument } from '@consilium/domain/testing/examples';
import { PAGE_BYTES } from '../ledger/page.ts';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, proposeAnother as propose, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const researcher = (mspId: string) => as('researcher', mspId);
const auditor = as('auditor', 'BetaMSP');
const quorum = { updates: 3, validators: 3 };

/** A row as an earlier version let it be: nearly as long as its argument might be. */
function putFatStudy(ledger: StudyOnLedger, studyId: string, bytes: number): void {
  const { value, ...rest } = ledger.world.rows.get(`\u0000study\u0000${STUDY}\u0000`)!;
  const row = JSON.parse(Buffer.from(value).toString());
  const fat = { ...row, studyId, question: 'x'.repeat(bytes) };
  ledger.world.rows.set(`\u0000study\u0000${studyId}\u0000`, {
    ...rest,
    value: Buffer.from(canonicalJson(fat)),
  });
}

async function pagesOf(ledger: StudyOnLedger, pageSize: number): Promise<StudySummary[][]> {
  const pages: StudySummary[][] = [];
  for (let bookmark: string | undefined; ; ) {
    const page = await ledger.evaluate(auditor, 'study:list', {
      pageSize,
      ...(bookmark !== undefined && { bookmark }),
    });
    pages.push(page.items);
    bookmark = page.bookmark;
    if (bookmark === undefined) return pages;
  }
}

test('a page ends at its bytes, and the pages together have every study once', async () => {
  const ledger = await StudyOnLedger.running();
  const bytes = 900_000;
  for (let i = 0; i < 17; i++) putFatStudy(ledger, `fat-${String(i).padStart(2, '0')}`, bytes);
  for (let i = 0; i < 30; i++) putFatStudy(ledger, `lean-${String(i).padStart(2, '0')}`, 60_000);
  const pages = await pagesOf(ledger, 100);
  assert.deepEqual(
    pages.flat().map(({ studyId }) => studyId),
    [...ledger.world.rows.keys()]
      .filter((key) => key.startsWith('\u0000study\u0000'))
      .map((key) => key.split('\u0000')[2])
      .sort(),
  );
  assert.ok(pages.length >= 20, 'every fat one is a page of its own');
  const bytesOf = ({ studyId }: StudySummary) =>
    studyId.startsWith('fat') ? bytes : studyId.startsWith('lean') ? 60_000 : 1;
  for (const page of pages.filter(({ length }) => length > 1)) {
    const read = page.reduce((sum, study) => sum + bytesOf(study), 0);
    assert.ok(read <= PAGE_BYTES, `${read} bytes for a page`);
  }
  assert.deepEqual(
    (await pagesOf(ledger, 7)).flat(),
    pages.flat(),
    'the number of a page changes what is in all of them in nothing',
  );
});

test('a study whose text is longer than a proposal may be now is amended, and made no longer', async () => {
  const study = await StudyOnLedger.prepared();
  await study.propose({ datasets: DATASETS.slice(0, 3), quorum });
  for (const datasetId of DATASETS.slice(0, 3)) await study.consent(datasetId);
  await study.submit(researcher('AlphaMSP'), 'study:start', { studyId: STUDY });
  putFatStudy(study, STUDY, 100_000);
  const more = study.move('AlphaMSP', { kind: 'amend', amendment: { addDatasets: ['gamma'] } });
  assert.match((await refusalOf(more)).detail, /the study has a text of [0-9]+ bytes/);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0.1' } });
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) await study.vote(mspId, true);
  assert.equal((await study.evaluate(auditor, 'study:get', { studyId: STUDY })).version, 2);
});

test('the weights that a text gets count among its bytes', async () => {
  const ledger = await StudyOnLedger.prepared();
  const argument = studyArgument({ studyId: STUDY, datasets: DATASETS, quorum, question: '?' });
  const layers = Array.from({ length: 15 }, (_, n) =>
    Array.from({ length: 20 }, (_, i) => `${n}-${i}`.padEnd(100, 'w')),
  );
  const clipping = { kind: 'per-layer', bounds: 'uniform', layers } as const;
  const long = { ...argument, training: { ...argument.training, clipping } };
  const left = STUDY_BYTES_MAX - canonicalJson(long).length;
  assert.ok(left > 200 && left < 2000, 'a question fills the rest');
  const ask = (length: number) =>
    propose(ledger, STUDY, 'AlphaMSP', { ...long, question: '?'.repeat(length) });
  assert.match((await refusalOf(ask(1 + left))).detail, /may have 32768/);
  await ask(1 + left - 200);
});

test('the versions of a long row come in pages of bytes too', async () => {
  const ledger = await StudyOnLedger.prepared();
  const key = `\u0000dataset\u0000alpha\u0000`;
  const [version] = ledger.world.history.get(key)!;
  const row = { ...JSON.parse(Buffer.from(version!.value).toString()), title: 'x'.repeat(300_000) };
  const long = Array.from({ length: 5 }, (_, i) => ({
    ...version!,
    txId: sha256(`${i}`),
    value: Buffer.from(canonicalJson(row)),
  }));
  ledger.world.history.set(key, long);
  const asked = { noun: 'dataset', key: ['alpha'] } as const;
  const seen: string[] = [];
  for (let bookmark: string | undefined; ; ) {
    const page = await ledger.evaluate(auditor, 'audit:getHistory', {
      ...asked,
      key: [...asked.key],
      ...(bookmark !== undefined && { bookmark }),
    });
    assert.equal(page.items.length, 1, 'two are longer than a page');
    seen.push(page.items[0].transactionId);
    bookmark = page.bookmark;
    if (bookmark === undefined) break;
  }
  assert.deepEqual(seen, long.map(({ txId }) => txId).reverse());
});

test('a study has so many bytes and no more', async () => {
  const ledger = await StudyOnLedger.prepared();
  const layer = (n: number) => Array.from({ length: 20 }, (_, i) => `${n}-${i}`.padEnd(100, 'w'));
  const clipping = (layers: number) => ({
    kind: 'per-layer',
    bounds: 'uniform',
    layers: Array.from({ length: layers }, (_, n) => layer(n)),
  });
  const training = studyArgument({ studyId: STUDY, datasets: DATASETS }).training;
  const refusal = await refusalOf(
    propose(ledger, STUDY, 'AlphaMSP', { training: { ...training, clipping: clipping(18) } }),
  );
  assert.equal(refusal.code, 'INVALID_ARGUMENT');
  assert.match(refusal.detail, /the study has a text of [0-9]+ bytes and may have 32768: shorten question/);
  await propose(ledger, STUDY, 'AlphaMSP', { training: { ...training, clipping: clipping(12) } });
});

test('an amendment makes no study longer than a proposal may be', async () => {
  const layers = Array.from({ length: 15 }, (_, n) =>
    Array.from({ length: 20 }, (_, i) => `${n}-${i}`.padEnd(100, 'w')),
  );
  const { training } = studyArgument({ studyId: STUDY, datasets: DATASETS });
  const ledger = await StudyOnLedger.prepared();
  const added: string[] = [];
  for (let i = 0; i < 90; i++) {
    const datasetId = `more-${i}`.padEnd(63, 'd');
    await ledger.submit(as('steward', 'BetaMSP'), 'dataset:register', datasetArgument(datasetId));
    added.push(datasetId);
  }
  await ledger.propose({
    training: { ...training, clipping: { kind: 'per-layer', bounds: 'uniform', layers } },
  });
  for (const datasetId of DATASETS) await ledger.consent(datasetId);
  await ledger.submit(researcher('AlphaMSP'), 'study:start', { studyId: STUDY });
  const motion = ledger.move('AlphaMSP', { kind: 'amend', amendment: { addDatasets: added } });
  assert.match((await refusalOf(motion)).detail, /and may have 32768/);
});
