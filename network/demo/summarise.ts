// Puts what was measured, and what the ledger says, into the summary.
import type { Addresses } from '../src/runtime.ts';
import { checkInvariants, evidenceVerifies } from './checks.ts';
import { patientsOf, readRows } from './data-files.ts';
import type { Enrolment, Site } from './enrolment.ts';
import type { EvidenceFacts } from './evidence.ts';
import type { LedgerFacts } from './ledger-facts.ts';
import type { DossierRow } from './ledger-rows.ts';
import type { PeakMemory } from './memory-sampler.ts';
import type { Evaluation } from './predictions.ts';
import type { StudyPlan } from './study-plan.ts';
import type { HospitalFacts, RoundFacts, Summary } from './summary.ts';

export interface Measured {
  readonly sites: readonly Site[];
  readonly plan: StudyPlan;
  readonly addresses: Addresses;
  readonly enrolment: Enrolment;
  readonly before: Evaluation;
  readonly after: Evaluation;
  readonly ledger: LedgerFacts;
  readonly evidence: EvidenceFacts;
  readonly network: Summary['network'];
  readonly data: Summary['data'];
  readonly stages: Summary['stages'];
  readonly peakMemory: PeakMemory | null;
  readonly consortiumDirectory: string;
  readonly kept: boolean;
}

export function summarise(measured: Measured): Summary {
  const { plan, enrolment, ledger, before, after, sites, evidence } = measured;
  const checks = [...checkInvariants(ledger, enrolment, plan), evidenceVerifies(evidence)];
  const updates = ledger.dossiers.flatMap((dossier) => dossier.updates);
  const [first] = ledger.modelFiles;
  return {
    version: 1,
    holds: checks.every(({ holds }) => holds),
    network: measured.network,
    data: measured.data,
    study: {
      studyId: enrolment.studyId,
      title: plan.study.title,
      rounds: plan.study.rounds,
      stepsPerRound: plan.study.training.stepsPerRound,
      parameters: enrolment.parameters,
    },
    hospitals: sites.map((site) => hospitalFacts(site, measured)),
    pooled: { before: before.pooled, after: after.pooled },
    rounds: ledger.dossiers.map(roundFacts),
    model: {
      sha256: first?.sha256 ?? '',
      sizeBytes: first?.sizeBytes ?? 0,
      identicalAt: ledger.modelFiles.filter(({ sha256 }) => sha256 === first?.sha256).length,
    },
    ledger: {
      height: ledger.height,
      updateRowBytes: sizes(updates.map((row) => Buffer.byteLength(JSON.stringify(row)))),
      updateArtefactBytes: sizes(updates.map(({ artefact }) => artefact.sizeBytes)),
    },
    genesisSha256: evidence.genesisSha256,
    evidence: { bytes: evidence.bytes, seconds: evidence.seconds, signedBy: evidence.signedBy },
    ipfs: ledger.usage,
    stages: measured.stages,
    peakMemory: measured.peakMemory,
    checks,
    consortiumDirectory: measured.consortiumDirectory,
    kept: measured.kept,
  };
}

const sizes = (bytes: readonly number[]) => ({
  largest: Math.max(0, ...bytes),
  mean: bytes.length === 0 ? 0 : Math.round(bytes.reduce((sum, size) => sum + size, 0) / bytes.length),
});

function hospitalFacts({ hospital }: Site, measured: Measured): HospitalFacts {
  const { enrolment, before, after, ledger, addresses } = measured;
  const { datasetId, name, mspId, title, file } = hospital;
  const band = enrolment.datasets.get(datasetId)!.recordCountBand;
  const own = ledger.datasets.find((one) => one.datasetId === datasetId)!;
  const quote = enrolment.quotes.get(datasetId)!.claimedEpsilon;
  const { gatewayUrl, documentationUrl } = addresses.organisations.find((one) => one.mspId === mspId)!;
  return {
    name,
    mspId,
    title,
    datasetId,
    patients: patientsOf(readRows(file)).length,
    recordCountBand: `${band.low}-${band.high}`,
    before: before.byHospital.get(datasetId)!,
    after: after.byHospital.get(datasetId)!,
    budgets: own.budgets.map(({ pool, budget, spentEpsilon, reservedEpsilon }) => ({
      pool,
      spentEpsilon,
      budgetEpsilon: budget.epsilon,
      delta: budget.delta,
      reservedEpsilon,
      quotedEpsilon: pool === 'training' ? quote.training : quote.heldOut,
      charges: own.charges.filter(({ privacyEvent }) => privacyEvent.pool === pool).length,
    })),
    gatewayUrl,
    documentationUrl,
    consoleUrl: `${gatewayUrl}/console/`,
  };
}

function roundFacts({ round, updates, verdicts }: DossierRow): RoundFacts {
  const opened = Date.parse(round.openedAt);
  const trained = Math.max(opened, ...updates.map(({ recordedAt }) => Date.parse(recordedAt)));
  const validated = Math.max(trained, ...verdicts.map(({ recordedAt }) => Date.parse(recordedAt)));
  const ended = Math.max(validated, round.finalizedAt === undefined ? 0 : Date.parse(round.finalizedAt));
  return {
    round: round.round,
    state: round.state,
    leader: round.leader,
    included: round.included?.length ?? 0,
    excluded: round.excluded?.length ?? 0,
    accepted: verdicts.filter(({ accepted }) => accepted).length,
    validators: verdicts.length,
    seconds: (ended - opened) / 1000,
    phases: {
      train: (trained - opened) / 1000,
      validate: (validated - trained) / 1000,
      aggregate: (ended - validated) / 1000,
    },
    scores: verdicts.flatMap(({ scores }) =>
      scores.map(({ datasetId, right, wrong }) => ({
        datasetId,
        right: Number(right),
        wrong: Number(wrong),
      })),
    ),
  };
}
