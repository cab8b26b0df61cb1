// A consortium's ledger in memory for the trainer's tests: rows, idempotency keys, and the refusals that a
// trainer can meet. The rules proper are tested where they live; this one is as strict and much shorter.
import {
  type Argument,
  asWithdrawn,
  type Consent,
  canonicalJson,
  type Dataset,
  type DatasetErasures,
  DomainError,
  ERASURE_DAYS,
  type Erasure,
  type ErrorCode,
  epsilonOf,
  judgesOf,
  leaderOf,
  lostQuorum,
  type Member,
  type ModelAnswer,
  type Pool,
  plannedScoreEvent,
  plannedTrainingEvent,
  type Round,
  type RoundDossier,
  type Study,
  sealedToStudyKeys,
  supportersOf,
  tallyIn,
  tallyOf,
  transactionNamed,
  validate,
  weightIn,
} from '@consilium/domain';
import { GatewayProblem, type Ledger, type TrainerTransaction } from '../gateway/gateway-client.ts';
import { MemoryPopulations } from './memory-populations.ts';
import { MemoryStudyKeys } from './memory-study-keys.ts';
import { anEquivocation } from './study-rows.ts';

export interface Charge {
  readonly studyId: string;
  readonly round: number;
  readonly datasetId: string;
  readonly pool: Pool;
}

export interface Recorded {
  readonly mspId: string;
  readonly name: TrainerTransaction;
  readonly argument: Record<string, unknown>;
}

const refuse = (code: ErrorCode, detail: string = code): never => {
  throw new DomainError(code, detail);
};

export class MemoryConsortium {
  readonly members = new Map<string, Member>();
  readonly datasets = new Map<string, Dataset>();
  readonly people = new MemoryPopulations(this.datasets);
  readonly studies = new Map<string, Study>();
  readonly keys = new MemoryStudyKeys();
  readonly consents = new Map<string, Consent>();
  readonly models = new Map<string, ModelAnswer>();
  readonly rounds = new Map<string, RoundDossier>();
  readonly charges: Charge[] = [];
  readonly recorded: Recorded[] = [];
  /** The ledger's clock. */
  nowMs: () => number = Date.now;
  readonly #outcomes = new Map<string, { transactionId: string }>();
  readonly #listeners = new Set<(event: { name: string; studyId: string }) => void>();

  onEvent(listener: (event: { name: string; studyId: string }) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dossier(studyId: string, round: number): RoundDossier {
    return this.rounds.get(`${studyId}/${round}`) ?? refuse('ROUND_NOT_FOUND');
  }

  consentsOf(studyId: string): Consent[] {
    return [...this.consents.values()].filter((consent) => consent.studyId === studyId);
  }

  setConsent(studyId: string, datasetId: string, state: Consent['state']): void {
    const key = `${studyId}/${datasetId}`;
    const withdrawn = state === 'withdrawn' && { withdrawnAt: this.#now() };
    this.consents.set(key, { ...this.consents.get(key)!, state, ...withdrawn });
    this.#tell('ConsentWithdrawn', studyId);
  }

  /** As after a study's end: what was settled stays so. */
  withdrawSettled(studyId: string, datasetId: string): void {
    const key = `${studyId}/${datasetId}`;
    this.consents.set(key, { ...this.consents.get(key)!, withdrawnAt: this.#now() });
    this.#tell('ConsentWithdrawn', studyId);
  }

  #now(): string {
    return new Date(this.nowMs()).toISOString();
  }

  #deadlineOf({ roundDeadlineSeconds }: Study): string {
    return new Date(this.nowMs() + roundDeadlineSeconds * 1000).toISOString();
  }

  #tell(name: string, studyId: string): void {
    for (const listener of this.#listeners) listener({ name, studyId });
  }

  /** One member's view, as its gateway would give it. */
  as(mspId: string): Ledger {
    return {
      listOpenConsents: async (owner) =>
        [...this.consents.values()]
          .filter((consent) => consent.owner === owner && consent.state !== 'settled')
          .map(({ studyId }) => studyId),
      listConsentedStudies: async (owner) =>
        [...this.consents.values()]
          .filter((consent) => consent.owner === owner)
          .map(({ studyId }) => studyId),
      getStudy: async (studyId) => this.studies.get(studyId),
      listConsents: async (studyId) => this.consentsOf(studyId),
      getDossier: async (studyId, round) => this.rounds.get(`${studyId}/${round}`),
      getDataset: async (datasetId) =>
        asProblem(() => this.datasets.get(datasetId) ?? refuse('DATASET_NOT_FOUND')),
      listErasures: async (studyId) => this.#erasuresOf(studyId),
      listStudyKeys: async (studyId, datasetId) => asProblem(() => this.keys.ofDataset(studyId, datasetId)),
      listRevisions: async (datasetId) => asProblem(() => this.people.revisionsOf(datasetId)),
      getPopulation: async (populationId) => this.people.population(populationId),
      listBlocks: async (populationId) => this.people.blocksOf(populationId),
      getModel: async (studyId) => this.models.get(studyId),
      channel: async () => 'consortium',
      listMembers: async () => [...this.members.values()],
      submit: async (name, argument, key) => this.submit(mspId, { name, argument, key }),
    };
  }

  submit<N extends TrainerTransaction>(
    mspId: string,
    { name, argument, key }: { readonly name: N; readonly argument: Argument<N>; readonly key: string },
  ): { transactionId: string } {
    const known = this.#outcomes.get(`${mspId}/${key}`);
    if (known !== undefined) return known;
    asProblem(() => {
      validate(transactionNamed(name).argument, argument);
      this.#apply(mspId, { name, argument } as Call);
    });
    const outcome = { transactionId: `tx-${this.recorded.length}` };
    this.#outcomes.set(`${mspId}/${key}`, outcome);
    this.recorded.push({ mspId, name, argument: argument as Record<string, unknown> });
    this.#tell(name, (argument as { studyId: string }).studyId);
    return outcome;
  }

  #apply(mspId: string, { name, argument }: Call): void {
    const study = this.studies.get(argument.studyId) ?? refuse('STUDY_NOT_FOUND');
    switch (name) {
      case 'study:settle':
        this.#settle(mspId, study, argument.datasetId);
        break;
      case 'study:recordKeys':
        this.keys.record(mspId, argument, this.#now());
        break;
      case 'study:attestErasure':
        this.#attestErasure(mspId, argument);
        break;
      case 'model:publish':
        this.#publish(mspId, study);
        break;
      case 'round:open':
        this.#open(mspId, study, argument);
        break;
      default:
        this.#advance(mspId, study, { name, argument } as RoundCall);
    }
  }

  #advance(mspId: string, study: Study, { name, argument }: RoundCall): void {
    if (study.state !== 'running') refuse('STUDY_STATE');
    const dossier = this.dossier(study.studyId, argument.round);
    const round = asWithdrawn(dossier.round, this.consentsOf(study.studyId));
    const { withdrawn = [] } = round;
    const judges = judgesOf(round);
    if (!round.validators.includes(mspId)) refuse('NOT_A_PARTICIPANT');
    const save = (next: Partial<RoundDossier>) =>
      this.rounds.set(`${study.studyId}/${round.round}`, { ...dossier, ...next });
    const move = (from: Round['state'], next: Partial<Round>) => {
      if (round.state !== from) refuse('ROUND_CLOSED', `round ${round.round} is ${round.state}`);
      save({ round: { ...round, ...next } });
    };
    const now = this.#now();
    const late = this.nowMs() >= Date.parse(round.deadline);
    switch (name) {
      case 'round:recordUpdate': {
        if (dossier.updates.some((u) => u.datasetId === argument.datasetId)) refuse('UPDATE_EXISTS');
        if (round.state !== 'training') refuse('ROUND_CLOSED');
        this.keys.requireKeyed(argument, round);
        this.#charge(mspId, { ...argument, study, round });
        save({
          updates: [...dossier.updates, { schema: 1, ...argument, owner: mspId, recordedAt: now }],
        });
        break;
      }
      case 'round:close': {
        const counts = ({ datasetId }: { readonly datasetId: string }) => !withdrawn.includes(datasetId);
        const arrived = dossier.updates.filter(counts).map((u) => u.datasetId);
        const expected = round.participants.filter((p) => counts(p) && !arrived.includes(p.datasetId));
        if (expected.length > 0 && !late) refuse('ROUND_INCOMPLETE');
        if (arrived.length < round.quorum.updates) refuse('ROUND_INCOMPLETE');
        move('training', {
          state: 'validating',
          updates: arrived.sort(),
          closedAt: now,
          stageSince: now,
          deadline: this.#deadlineOf(study),
        });
        break;
      }
      case 'round:commitScore': {
        const { datasetId } = argument;
        const { scoreCommitments = [], verdicts } = dossier;
        if (scoreCommitments.some((c) => c.datasetId === datasetId)) refuse('SCORE_COMMITTED');
        if (round.state !== 'validating') refuse('ROUND_CLOSED');
        if (verdicts.some((v) => v.mspId === mspId)) refuse('VERDICT_EXISTS');
        if (!round.participants.some((p) => p.datasetId === datasetId && p.mspId === mspId)) {
          refuse('NOT_THE_OWNER');
        }
        if (this.consents.get(`${study.studyId}/${datasetId}`)?.state !== 'granted') refuse('CONSENT_STATE');
        const commitment = { schema: 1, ...argument, owner: mspId, committedAt: now };
        save({ scoreCommitments: [...scoreCommitments, commitment] });
        break;
      }
      case 'round:recordVerdict': {
        if (dossier.verdicts.some((v) => v.mspId === mspId)) refuse('VERDICT_EXISTS');
        if (round.state !== 'validating') refuse('ROUND_CLOSED');
        if (!judges.includes(mspId)) refuse('CONSENT_STATE');
        const decided = argument.decisions.map(({ datasetId }) => datasetId).sort();
        if (canonicalJson(decided) !== canonicalJson(round.updates)) refuse('INVALID_ARGUMENT', 'decisions');
        for (const score of argument.scores) this.#charge(mspId, { ...score, study, round });
        save({
          verdicts: [...dossier.verdicts, { schema: 1, ...argument, mspId, recordedAt: now }],
        });
        break;
      }
      case 'round:tally': {
        const verdicts = dossier.verdicts.filter((verdict) => judges.includes(verdict.mspId));
        if (verdicts.length < judges.length && !late) refuse('ROUND_INCOMPLETE');
        const { included, excluded, shortfall } = tallyOf(round, verdicts);
        if (shortfall !== undefined) refuse('QUORUM_NOT_REACHED', shortfall);
        move('validating', {
          state: 'aggregating',
          included,
          excluded,
          stageSince: now,
          deadline: this.#deadlineOf(study),
        });
        break;
      }
      case 'round:attest': {
        if (dossier.attestations.some((a) => a.mspId === mspId)) refuse('ATTESTATION_EXISTS');
        if (round.state !== 'aggregating') refuse('ROUND_CLOSED');
        if (!judges.includes(mspId)) refuse('CONSENT_STATE');
        save({
          attestations: [...dossier.attestations, { schema: 1, ...argument, mspId, attestedAt: now }],
        });
        break;
      }
      case 'round:finalize': {
        const { aggregate } = argument;
        const supporters = supportersOf(round, aggregate.parametersSha256, tallyIn(dossier));
        if (supporters.length < round.quorum.validators) refuse('QUORUM_NOT_REACHED');
        if (!supporters.includes(mspId)) refuse('ENDORSEMENT_REFUSED');
        move('aggregating', { state: 'finalized', aggregate, finalizedAt: now });
        break;
      }
      case 'round:abort':
        if (round.state === 'finalized' || round.state === 'aborted') refuse('ROUND_CLOSED');
        if (this.#canSucceed(dossier)) refuse('ROUND_INCOMPLETE');
        save({ round: { ...round, state: 'aborted', reason: argument.reason } });
    }
  }

  #canSucceed(dossier: RoundDossier): boolean {
    const { updates, attestations } = dossier;
    const round = asWithdrawn(dossier.round, this.consentsOf(dossier.round.studyId));
    const { quorum, withdrawn = [] } = round;
    if (lostQuorum(round) !== undefined) return false;
    const judges = judgesOf(round);
    const verdicts = dossier.verdicts.filter(({ mspId }) => judges.includes(mspId));
    const late = this.nowMs() >= Date.parse(round.deadline);
    if (round.state === 'training') {
      const counts = ({ datasetId }: { readonly datasetId: string }) => !withdrawn.includes(datasetId);
      const arrived = updates.filter(counts).map(({ datasetId }) => datasetId);
      const isExpected = (p: Round['participants'][number]) => counts(p) && !arrived.includes(p.datasetId);
      return arrived.length >= quorum.updates || (!late && round.participants.some(isExpected));
    }
    if (round.state === 'validating') {
      if (!late && verdicts.length < judges.length) return true;
      return tallyOf(round, verdicts).shortfall === undefined;
    }
    if (!late && attestations.length < judges.length) return true;
    return attestations.some(
      ({ parametersSha256 }) =>
        supportersOf(round, parametersSha256, tallyIn(dossier)).length >= quorum.validators,
    );
  }

  /** Evidence on the ledger that a member signed a second statement on a round. */
  equivocate(studyId: string, round: number, mspId: string): void {
    const dossier = this.dossier(studyId, round);
    const equivocations = [...(dossier.equivocations ?? []), anEquivocation({ studyId, round, mspId })];
    this.rounds.set(`${studyId}/${round}`, { ...dossier, equivocations });
    this.#tell('EquivocationReported', studyId);
  }

  #charge(
    mspId: string,
    release: {
      readonly study: Study;
      readonly round: Round;
      readonly datasetId: string;
      readonly privacyEvent: unknown;
      readonly claimedEpsilon: string;
    },
  ): void {
    const { study, round, datasetId, privacyEvent, claimedEpsilon } = release;
    const participant = round.participants.find((p) => p.datasetId === datasetId);
    if (participant?.mspId !== mspId) refuse('NOT_THE_OWNER');
    if (this.consents.get(`${study.studyId}/${datasetId}`)?.state !== 'granted') refuse('CONSENT_STATE');
    const planned = round.state === 'training' ? plannedTrainingEvent(study) : plannedScoreEvent(study);
    if (canonicalJson(planned) !== canonicalJson(privacyEvent)) refuse('PRIVACY_EVENT_MISMATCH');
    const { delta } = this.datasets.get(datasetId)!.privacyBudget;
    if (Number(claimedEpsilon) < Number(epsilonOf([{ event: planned, count: 1 }], delta))) {
      refuse('PRIVACY_COST_UNDERCLAIMED');
    }
    this.charges.push({ studyId: study.studyId, round: round.round, datasetId, pool: planned.pool });
  }

  #open(mspId: string, study: Study, { round: number, base: again }: Argument<'round:open'>): void {
    const { studyId } = study;
    if (study.state !== 'running') refuse('STUDY_STATE');
    if (this.rounds.has(`${studyId}/${number}`)) refuse('ROUND_EXISTS');
    const previous = this.rounds.get(`${studyId}/${number - 1}`)?.round;
    if (number > study.rounds || (number > 1 && !/finalized|aborted/.test(previous?.state ?? ''))) {
      refuse('ROUND_NUMBER');
    }
    const participants = this.consentsOf(studyId)
      .filter(({ state }) => state === 'granted')
      .map(({ datasetId, owner }) => ({
        datasetId,
        mspId: owner,
        weight: weightIn(study, this.datasets.get(datasetId)!),
      }))
      .sort((a, b) => (a.datasetId < b.datasetId ? -1 : 1));
    if (participants.length < study.quorum.updates) refuse('QUORUM_NOT_REACHED');
    const validators = [...new Set(participants.map((p) => p.mspId))].sort();
    if (!validators.includes(mspId)) refuse('NOT_A_PARTICIPANT');
    const before = previous === undefined ? null : (previous.aggregate ?? previous.base);
    const base = before === null || again === undefined ? before : { ...before, artefact: again };
    const round: Round = {
      schema: 1,
      studyId,
      round: number,
      state: 'training',
      base,
      participants,
      validators,
      leader: leaderOf(validators, number),
      quorum: study.quorum,
      openedAt: this.#now(),
      stageSince: this.#now(),
      deadline: this.#deadlineOf(study),
    };
    this.rounds.set(`${studyId}/${number}`, { round, updates: [], verdicts: [], attestations: [] });
  }

  #publish(mspId: string, study: Study): void {
    if (study.state !== 'running') refuse('STUDY_STATE');
    const last = this.dossier(study.studyId, study.rounds).round;
    const parameters = last.aggregate ?? last.base;
    if (parameters === null) throw new DomainError('STUDY_STATE');
    this.studies.set(study.studyId, { ...study, state: 'completed' });
    this.models.set(study.studyId, {
      schema: 1,
      studyId: study.studyId,
      graph: study.model.graph,
      parameters,
      round: last.round,
      rounds: [last.round],
      datasets: study.datasets,
      publishedBy: mspId,
      publishedAt: this.#now(),
    });
  }

  readonly erasures: Erasure[] = [];

  #erasuresOf(studyId: string): DatasetErasures[] {
    return this.consentsOf(studyId).flatMap(({ datasetId, withdrawnAt }) => {
      if (withdrawnAt === undefined) return [];
      const done = this.erasures.filter((one) => one.studyId === studyId && one.datasetId === datasetId);
      const rounds = [...this.rounds.values()].filter(
        ({ round, updates }) => round.studyId === studyId && updates.some((u) => u.datasetId === datasetId),
      );
      const owing = [...new Set(rounds.flatMap(({ round }) => round.validators))];
      const owed = owing.filter((mspId) => !done.some((erasure) => erasure.mspId === mspId));
      const dueMs = Date.parse(withdrawnAt) + ERASURE_DAYS * 86_400_000;
      const overdue = this.nowMs() >= dueMs ? owed : [];
      return [{ datasetId, withdrawnAt, dueAt: new Date(dueMs).toISOString(), done, owed, overdue }];
    });
  }

  #attestErasure(mspId: string, argument: Argument<'study:attestErasure'>): void {
    const { studyId, datasetId } = argument;
    const open = [...this.rounds.values()].find(
      ({ round, updates }) =>
        round.studyId === studyId &&
        round.state !== 'finalized' &&
        round.state !== 'aborted' &&
        round.withdrawn?.includes(datasetId) !== true &&
        updates.some((u) => u.datasetId === datasetId),
    );
    if (open !== undefined) refuse('ERASURE_EARLY');
    if (
      this.erasures.some(
        (one) => one.mspId === mspId && one.studyId === studyId && one.datasetId === datasetId,
      )
    ) {
      refuse('ERASURE_EXISTS');
    }
    for (const { round } of argument.artefacts.filter(({ keysDestroyed }) => keysDestroyed)) {
      const dossier = this.dossier(studyId, round);
      const update = dossier.updates.find((one) => one.datasetId === datasetId)!;
      if (!sealedToStudyKeys(update, dossier.round).includes(mspId))
        refuse('INVALID_ARGUMENT', 'keysDestroyed');
    }
    this.erasures.push({ schema: 1, ...argument, mspId, attestedAt: this.#now() });
  }

  #settle(mspId: string, study: Study, datasetId: string): void {
    const consent = this.consents.get(`${study.studyId}/${datasetId}`);
    if (consent?.owner !== mspId) refuse('NOT_THE_OWNER');
    if (consent?.state === 'settled') refuse('CONSENT_STATE');
    this.setConsent(study.studyId, datasetId, 'settled');
  }
}

type Call = {
  [N in TrainerTransaction]: { readonly name: N; readonly argument: Argument<N> };
}[TrainerTransaction];

type RoundCall = Extract<Call, { name: `round:${string}` }>;

/** Refusals of the rules arrive at a trainer as its gateway's problems. */
function asProblem<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new GatewayProblem({ status: 409, code: error.code, detail: error.detail });
  }
}
