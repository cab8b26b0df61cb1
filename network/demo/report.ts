// The demo's last page: what was learned, what it cost, and whether everything held, for a person to read.
import { bytesText, durationText, tableLines } from '../src/text-table.ts';
import type { PeakMemory } from './memory-sampler.ts';
import type { Metrics } from './metrics.ts';
import type { Summary } from './summary.ts';

const percent = (share: number): string => (share * 100).toFixed(1);
const area = (auc: number | null): string => (auc === null ? '–' : auc.toFixed(3));
const right = { align: 'right' } as const;
const block = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

export function renderReport(summary: Summary): string {
  return [
    ...heading(summary),
    ...quality(summary),
    ...scores(summary),
    ...privacy(summary),
    ...ledger(summary),
    ...times(summary),
    ...checks(summary),
    ...whereToLook(summary),
    '',
  ].join('\n');
}

function heading({ study, data, hospitals, network }: Summary): string[] {
  const source = dataLine(data);
  const patients = hospitals.reduce((sum, hospital) => sum + hospital.patients, 0);
  const steps = study.rounds * study.stepsPerRound;
  const ordering = { raft: 'Raft', bft: 'BFT' };
  const ledgerLine =
    network.runtime === 'native'
      ? `The ledger was real Fabric with ${ordering[network.ordering]} ordering.`
      : 'The ledger was the embedded stand-in for Fabric.';
  return [
    '',
    `━━ ${study.title} ━━`,
    '',
    `${hospitals.length} hospitals, ${patients} patients, one model of ${study.parameters} parameters; ` +
      `${study.rounds} rounds, ${steps} private steps.`,
    source,
    ledgerLine,
  ];
}

function dataLine({ kind, seed, own }: Summary['data']): string {
  switch (kind) {
    case 'synthetic':
      return `Synthetic patients of seed ${seed}: nobody real, so nothing here says anything about medicine.`;
    case 'uci-heart-disease':
      return 'The four UCI heart-disease files (Janosi, Steinbrunn, Pfisterer, Detrano; doi:10.24432/C52P4X).';
    case 'own-files':
      return `Your files in ${own?.folder}: ${own?.files.map(({ file }) => file).join(', ')}.`;
  }
}

function quality({ hospitals, pooled }: Summary): string[] {
  const row = (name: string, before: Metrics, after: Metrics) => [
    name,
    String(after.n),
    `${percent(before.accuracy)}`,
    `${percent(after.accuracy)} ± ${percent(after.accuracyMargin)}`,
    percent(after.majorityBaseline),
    area(before.auc),
    area(after.auc),
  ];
  return [
    '',
    'On held-out patients, before and after training',
    '',
    ...block(
      tableLines(
        [
          { title: 'hospital' },
          { title: 'n', ...right },
          { title: 'accuracy % before', ...right },
          { title: 'after', ...right },
          { title: 'majority', ...right },
          { title: 'AUC before', ...right },
          { title: 'after', ...right },
        ],
        [
          ...hospitals.map((hospital) => row(hospital.title, hospital.before, hospital.after)),
          row('all together', pooled.before, pooled.after),
        ],
      ),
    ),
    '',
    '  ± is half a 95 % Wilson interval: with so few held-out patients, single hospitals vary much by',
    '  chance, and every run draws new splits and new noise. "majority" always gives the more frequent',
    '  answer. The demo can compute this table because it holds all files. In a real consortium nobody',
    '  does, and these exact numbers would be unaccounted queries: only the noised scores below are seen.',
  ];
}

function scores({ rounds, hospitals }: Summary): string[] {
  const cell = (round: Summary['rounds'][number], datasetId: string) => {
    const score = round.scores.find((one) => one.datasetId === datasetId);
    return score === undefined ? '–' : `${score.right}/${score.wrong}`;
  };
  const nameOf = (mspId: string) => hospitals.find((one) => one.mspId === mspId)?.name ?? mspId;
  return [
    '',
    'What the consortium itself sees: noised, charged scores of each round (right/wrong on held-out patients)',
    '',
    ...block(
      tableLines(
        [
          { title: 'round', ...right },
          { title: 'leader' },
          ...hospitals.map(({ name }) => ({ title: name, ...right })),
          { title: 'accepted', ...right },
          { title: 'updates', ...right },
          { title: 'time', ...right },
        ],
        rounds.map((round) => [
          `${round.round}${round.state === 'finalized' ? '' : ` (${round.state})`}`,
          nameOf(round.leader),
          ...hospitals.map(({ datasetId }) => cell(round, datasetId)),
          `${round.accepted} of ${round.validators}`,
          `${round.included} of ${round.included + round.excluded}`,
          durationText(round.seconds),
        ]),
      ),
    ),
    '',
    '  Both counts carry noise, so that either can be below 0; no score is exact about any patient.',
  ];
}

function privacy({ hospitals }: Summary): string[] {
  const delta = hospitals[0]?.budgets[0]?.delta ?? '';
  const rows = hospitals.flatMap(({ datasetId, budgets }) =>
    budgets.map(({ pool, spentEpsilon, budgetEpsilon, reservedEpsilon, charges }) => [
      datasetId,
      pool,
      Number(spentEpsilon).toFixed(3),
      budgetEpsilon,
      bar(Number(spentEpsilon) / Number(budgetEpsilon)),
      Number(reservedEpsilon).toFixed(3),
      String(charges),
    ]),
  );
  return [
    '',
    `Privacy spent, per patient, at δ ${delta}`,
    '',
    ...block(
      tableLines(
        [
          { title: 'dataset' },
          { title: 'patients' },
          { title: 'ε spent', ...right },
          { title: 'of', ...right },
          { title: '' },
          { title: 'reserved', ...right },
          { title: 'releases', ...right },
        ],
        rows,
      ),
    ),
    '',
    '  Each dataset has two accounts of disjoint patients: those trained on and those held out for scores.',
  ];
}

function bar(share: number): string {
  const width = 20;
  const filled = Math.min(width, Math.max(0, Math.round(share * width)));
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}

function ledger({ ledger: facts, ipfs, model, hospitals }: Summary): string[] {
  return [
    '',
    'Where things are',
    '',
    `  The ledger has ${facts.height} blocks. An update's row takes at most ` +
      `${bytesText(facts.updateRowBytes.largest)} there, whatever the model's size;`,
    `  its encrypted artefact is in IPFS (${bytesText(facts.updateArtefactBytes.mean)} on average here; ` +
      `${ipfs.artefacts} artefacts of ${bytesText(ipfs.bytes)} in all).`,
    `  The shared model is an ONNX file of ${bytesText(model.sizeBytes)}, the same bytes at ` +
      `${model.identicalAt} of ${hospitals.length} hospitals:`,
    `  SHA-256 ${model.sha256}`,
  ];
}

function times({ stages, peakMemory, rounds }: Summary): string[] {
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const mean = (phase: keyof Summary['rounds'][number]['phases']) =>
    durationText(rounds.reduce((sum, { phases }) => sum + phases[phase], 0) / Math.max(1, rounds.length));
  const list = stages.map(({ name, seconds }) => [name, durationText(seconds)]);
  return [
    '',
    'Time',
    '',
    ...block(
      tableLines(
        [{ title: 'stage' }, { title: 'took', ...right }],
        [...list, ['together', durationText(total)]],
      ),
    ),
    '',
    `  A round took, on average, ${mean('train')} for training, ${mean('validate')} for verdicts and ` +
      `${mean('aggregate')} for aggregating.`,
    peakMemory === null
      ? '  This system does not say how much memory was used.'
      : `  All processes together used at most ${memoryText(peakMemory)}.`,
  ];
}

const memoryText = ({ residentBytes, proportionalBytes }: PeakMemory): string =>
  proportionalBytes === null
    ? `${bytesText(residentBytes)} of memory`
    : `${bytesText(proportionalBytes)} of memory ` +
      `(${bytesText(residentBytes)} with shared pages counted in each)`;

function checks({ checks: all, holds }: Summary): string[] {
  return [
    '',
    'Checked against the ledger',
    '',
    ...all.map(({ name, holds: ok, detail }) => `  ${ok ? '✔' : '✘'} ${name} (${detail})`),
    '',
    holds ? 'Everything holds.' : 'NOT everything holds: see the lines with ✘.',
  ];
}

function whereToLook({ kept, hospitals, consortiumDirectory }: Summary): string[] {
  if (!kept) {
    return ['', 'The consortium has been stopped. `make demo KEEP=1` leaves it running, with its console.'];
  }
  return [
    '',
    'The consortium is still running. Look at it in a browser, at the console of each hospital:',
    ...hospitals.map(({ title, consoleUrl }) => `  ${consoleUrl}  ${title}`),
    `Sign in with a key of ${consortiumDirectory}/<hospital>/keys.json. The API's documentation is at /documentation.`,
    `Stop it: make down DIR=${consortiumDirectory}`,
  ];
}
