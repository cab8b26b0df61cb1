import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HospitalClient } from './hospital-client.ts';
import { metricsOf } from './metrics.ts';
import { renderReport } from './report.ts';
import { summarise } from './summarise.ts';
import type { Summary } from './summary.ts';
import { factsOfAGoodStudy, GOOD_PLAN, GOOD_QUOTES } from './testing/good-study.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-report-'));
process.on('exit', () => rmSync(directory, { recursive: true }));

function goodSummary(problems: readonly string[] = []): Summary {
  const keys = { operator: '', steward: '', researcher: '', auditor: '' };
  const sites = ['north', 'south'].map((name) => {
    const file = join(directory, `${name}.data`);
    writeFileSync(file, '1,0\n2,1\n3,1\n');
    const mspId = `${name[0]!.toUpperCase()}${name.slice(1)}MSP`;
    const hospital = { name, mspId, title: `Hospital ${name}`, datasetId: name, datasetTitle: name, file };
    return { hospital, client: new HospitalClient({ url: `http://${name}`, keys }) };
  });
  const metrics = metricsOf([
    { probability: 0.8, label: 1 },
    { probability: 0.3, label: 0 },
    { probability: 0.6, label: 0 },
    { probability: 0.7, label: 1 },
  ]);
  const evaluation = {
    byHospital: new Map(sites.map((one) => [one.hospital.datasetId, metrics])),
    pooled: metrics,
  };
  return summarise({
    sites,
    plan: GOOD_PLAN,
    addresses: {
      name: 'two',
      channel: 'consortium',
      ipfsUrl: 'http://ipfs',
      organisations: sites.map(({ hospital: { name, mspId, title } }) => ({
        name,
        mspId,
        title,
        gatewayUrl: `http://${name}`,
        documentationUrl: `http://${name}/documentation`,
        trainerUrl: '',
        keysFile: '',
      })),
    },
    enrolment: {
      studyId: 'study',
      parameters: 37,
      datasets: new Map(
        sites.map(({ hospital: { datasetId, mspId } }) => [
          datasetId,
          { datasetId, owner: mspId, recordCountBand: { low: 100, high: 149 } },
        ]),
      ),
      quotes: GOOD_QUOTES,
    },
    before: evaluation,
    after: evaluation,
    ledger: factsOfAGoodStudy(),
    evidence: {
      genesisSha256: 'ab'.repeat(32),
      bytes: 300_000,
      seconds: 0.4,
      signedBy: ['AMSP', 'BMSP'],
      problems,
    },
    network: { runtime: 'embedded' },
    data: { kind: 'synthetic', seed: 7, own: null },
    stages: [{ name: 'train and validate', seconds: 83 }],
    peakMemory: { residentBytes: 2 * 2 ** 30, proportionalBytes: 2 ** 30 },
    consortiumDirectory: 'out/demo/consortium',
    kept: false,
  });
}

test('the report says what was learned, what it cost, and that it holds', () => {
  const text = renderReport(goodSummary());
  for (const sentence of [
    /Hospital north +4 +75.0 +75.0 ± 3\d.\d +50.0 +1.000 +1.000/,
    /all together +4/,
    /north +training +3.000 +4 +█{15}░{5} +0.000 +2/,
    /1 +north +30\/10 +30\/10 +2 of 2 +2 of 2 +5.0 s/,
    /The ledger has 20 blocks/,
    /train and validate +1 min 23 s/,
    /2.0 s for training, 1.5 s for verdicts and 1.5 s for aggregating/,
    /1.0 GiB of memory \(2.0 GiB with shared pages counted in each\)/,
    /✔ every round finalised \(2 of 2\)/,
    /Everything holds\./,
    /a real consortium nobody/,
    /Synthetic patients of seed 7/,
  ]) {
    assert.match(text, sentence);
  }
  assert.doesNotMatch(text, /✘|NOT everything|undefined|NaN|null/);
});

test('the report of a study in which something does not hold says so', () => {
  const good = goodSummary();
  const text = renderReport({
    ...good,
    holds: false,
    checks: [{ name: 'x', holds: false, detail: 'broken' }],
  });
  assert.match(text, /✘ x \(broken\)/);
  assert.match(text, /NOT everything holds/);
  assert.doesNotMatch(text, /Everything holds\./);
});

test("the report of one's own files names them and their folder, and no other data", () => {
  const files = ['North.csv', 'south.csv'].map((file) => ({
    hospital: file.toLowerCase().slice(0, 5),
    file,
  }));
  const data = { kind: 'own-files', seed: null, own: { folder: 'my-folder', files } } as const;
  const text = renderReport({ ...goodSummary(), data });
  assert.match(text, /Your files in my-folder: North\.csv, south\.csv\./);
  assert.doesNotMatch(text, /Synthetic|UCI/);
});

test('a kept consortium is named with its consoles, keys and how to stop it', () => {
  const text = renderReport({ ...goodSummary(), kept: true });
  assert.match(text, /http:\/\/south\/console\//);
  assert.match(text, /make down DIR=out\/demo\/consortium/);
});

test('an area that is not defined and memory that is not known are shown as such', () => {
  const good = goodSummary();
  const [first, ...rest] = good.hospitals;
  const hospitals = [{ ...first!, after: { ...first!.after, auc: null } }, ...rest];
  const text = renderReport({ ...good, hospitals, peakMemory: null });
  assert.match(text, /1.000 +–/);
  assert.match(text, /does not say how much memory/);
});

test('evidence that does not verify fails the demo, by its place', () => {
  const { holds, checks, genesisSha256 } = goodSummary(['block 7: it does not follow block 6']);
  assert.equal(genesisSha256, 'ab'.repeat(32));
  assert.equal(holds, false);
  assert.deepEqual(
    checks.filter((check) => !check.holds).map(({ detail }) => detail),
    ['block 7: it does not follow block 6'],
  );
});

test('the summary survives JSON unchanged', () => {
  const summary = goodSummary();
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
});
