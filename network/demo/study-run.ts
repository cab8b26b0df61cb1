// One whole study, as the demo runs it on one machine and `make test-hospitals` on several hosts.
import { GATEWAY_PATHS } from '@consilium/domain';
import type { Addresses } from '../src/runtime.ts';
import type { DataSource } from './data-files.ts';
import { enrol, type Site, startStudy } from './enrolment.ts';
import { readEvidence } from './evidence.ts';
import { readLedgerFacts } from './ledger-facts.ts';
import { tellHistory, withdrawPatient } from './patients.ts';
import { evaluateModel, heldOutRows } from './predictions.ts';
import type { ProgressView } from './progress-view.ts';
import type { StageClock } from './stage-clock.ts';
import type { StudyPlan } from './study-plan.ts';
import { watchStudy } from './study-watch.ts';

export interface StudyOptions {
  readonly sites: readonly Site[];
  readonly plan: StudyPlan;
  readonly source: DataSource;
  readonly clock: StageClock;
  readonly view: ProgressView;
  readonly addresses: Addresses;
  /** What the evidence is checked from, and where it is kept. */
  readonly trust: { readonly genesisSha256: string; readonly chaincode: string; readonly file: string };
  readonly signal: AbortSignal;
  /** Once the ledger says that a round has been opened. */
  readonly onRound?: (studyId: string, round: number) => void;
  /** Once every round is on the ledger; what follows waits for it. */
  readonly onTrained?: () => Promise<void>;
}

/** From the members to the evidence, through the gateways of `sites` alone. */
export async function runStudy(options: StudyOptions) {
  const { sites, plan, source, clock, view, addresses, trust, signal } = options;
  view.line('Members, datasets, study and consents');
  const say = (line: string) => view.line(`  ${line}`);
  const { dictionary } = source;
  const enrolment = await enrol({ sites, plan, source, clock, say, ipfsUrl: addresses.ipfsUrl });
  const { studyId } = enrolment;
  const heldOut = await heldOutRows(sites);
  const patient = await clock.time('a patient withdraws', () => withdrawPatient(sites[0]!, { say }));
  const before = await clock.time('predict before', () =>
    evaluateModel(heldOut, { studyId, round: 'initial', dictionary }),
  );
  const { rounds } = plan.study;
  view.line(`Training: ${rounds} rounds`);
  const { height: fromBlock } = await sites[0]!.client.get<{ height: number }>(GATEWAY_PATHS.ledger);
  await clock.time('train and validate', async () => {
    await startStudy(sites[0]!, studyId);
    const onRound = (round: number) => options.onRound?.(studyId, round);
    await watchStudy({ sites, studyId, rounds, fromBlock, view, signal, onRound });
  });
  await options.onTrained?.();
  view.line('Predicting for held-out patients and checking the ledger');
  await clock.time('a history', () => tellHistory(sites[0]!, { patient, say }));
  const after = await clock.time('predict after', () =>
    evaluateModel(heldOut, { studyId, round: 'final', dictionary }),
  );
  const ledger = await clock.time('verify', () => readLedgerFacts(sites, enrolment, addresses.ipfsUrl));
  view.line('Verifying the evidence from the genesis digest alone');
  const evidence = await clock.time('evidence', () => readEvidence(sites[0]!.client, { studyId, ...trust }));
  return { enrolment, before, after, ledger, evidence };
}
