// Transactions on rounds: updates, verdicts, tally, attestations, and finalising by endorsement.
import {
  type Consent,
  contributionsOf,
  type Dataset,
  type DatasetRow,
  DomainError,
  planDigest,
  type Receipt,
  ROW_SCHEMA,
  type RoundDossier,
  receiptOf,
  sealOf,
} from '@consilium/domain';
import {
  abortRound,
  attestAggregate,
  closeRound,
  commitScore,
  finalizeRound,
  groundsOf,
  openRound,
  provenEquivocation,
  recordUpdate,
  recordVerdict,
  requireOwnSupport,
  requireParticipant,
  sealedToStudyKeys,
  tallyIn,
  tallyRound,
} from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import { anyOfPeers } from '../ledger/key-policy.ts';
import { roundKey } from '../ledger/rows.ts';
import { changeAccounts } from './change-accounts.ts';
import { dossierOf } from './dossier.ts';
import {
  arrivalsOf,
  consentedBlocks,
  consentsOf,
  findBook,
  findConsent,
  findConsented,
  findDataset,
  findMember,
  findRound,
  findStudy,
  found,
  roundNow,
  roundPage,
  tallyRows,
} from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { signedStatement } from './signed-statement.ts';
import { keyedOf } from './study-keys.ts';
import { transact } from './transact.ts';

export class RoundContract extends LedgerContract {
  constructor() {
    super('round');
  }

  open(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:open', text, async (call) => {
      const { argument, ledger, mspId, at, concern } = call;
      const { studyId, round: number, base } = argument;
      const study = await findStudy(ledger, studyId);
      call.requireTimely(study);
      const existing = await ledger.get('round', studyId, roundKey(number));
      const previous = number > 1 ? await ledger.get('round', studyId, roundKey(number - 1)) : undefined;
      const consenting: Dataset[] = [];
      // A consent covers the rounds it reserved: one given before an amendment ends where they do.
      for (const consent of await consentsOf(ledger, study)) {
        const { state, rounds } = consent;
        if (state === 'granted' && rounds >= number) consenting.push(await findConsented(ledger, consent));
      }
      const round = openRound(number, { mspId, at, study, existing, previous, consenting, base });
      concern({ dataset: round.participants.map(({ datasetId }) => datasetId) });
      await ledger.put('round', round);
      // From here on every change of the round needs N of its validators' peers, finalising above all.
      await ledger.guard('round', round, anyOfPeers(round.quorum.validators, round.validators));
      return round;
    });
  }

  recordUpdate(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:recordUpdate', text, async (call) => {
      const { argument, ledger, mspId, at, transactionId } = call;
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const round = await findRound(ledger, argument);
      requireParticipant(round, datasetId, mspId);
      const consent = await findConsent(ledger, studyId, datasetId);
      const dataset = await findDataset(ledger, datasetId);
      const before = await findBook(ledger, [consentedBlocks(dataset, consent)], ['training']);
      const { update, book, charge } = recordUpdate(argument, {
        mspId,
        at,
        transactionId,
        study,
        round,
        existing: await ledger.get('update', studyId, roundKey(round.round), datasetId),
        released: await ledger.get('release', argument.plaintextSha256),
        consent,
        dataset,
        book: before,
        planSha256: planDigest(study, sha256),
        keyed: await keyedOf(ledger, argument, sealedToStudyKeys(argument, round)),
      });
      await ledger.put('update', update);
      const { plaintextSha256 } = update;
      await ledger.put('release', {
        schema: ROW_SCHEMA.release,
        plaintextSha256,
        studyId,
        round: round.round,
        datasetId,
      });
      await changeAccounts(ledger, before, book);
      await ledger.put('privacy-charge', charge);
      return update;
    });
  }

  close(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:close', text, async ({ argument, ledger, mspId, at, requireTimely }) => {
      const study = await findStudy(ledger, argument.studyId);
      const round = await roundNow(ledger, await findRound(ledger, argument));
      requireTimely(study, round);
      const arrivals = await arrivalsOf(ledger, round);
      const closed = closeRound(round, { mspId, at, study, ...arrivals });
      await ledger.put('round', closed);
      return closed;
    });
  }

  commitScore(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:commitScore', text, async ({ argument, ledger, mspId, at }) => {
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const round = await findRound(ledger, argument);
      requireParticipant(round, datasetId, mspId);
      const commitment = commitScore(argument, {
        mspId,
        at,
        study,
        round,
        existing: await ledger.get('score-commitment', studyId, roundKey(round.round), datasetId),
        verdict: await ledger.get('verdict', studyId, roundKey(round.round), mspId),
        consent: await findConsent(ledger, studyId, datasetId),
        planSha256: planDigest(study, sha256),
      });
      await ledger.put('score-commitment', commitment);
      return commitment;
    });
  }

  recordVerdict(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:recordVerdict', text, async (call) => {
      const { argument, ledger, mspId, at, transactionId } = call;
      const { studyId } = argument;
      const study = await findStudy(ledger, studyId);
      const round = await findRound(ledger, argument);
      const own = new Map<string, { consent: Consent; dataset: DatasetRow }>();
      for (const participant of round.participants) {
        if (participant.mspId !== mspId) continue;
        own.set(participant.datasetId, {
          consent: await findConsent(ledger, studyId, participant.datasetId),
          dataset: await findDataset(ledger, participant.datasetId),
        });
      }
      const moved = [...own.values()].map(({ dataset, consent }) => consentedBlocks(dataset, consent));
      const before = await findBook(ledger, moved, ['held-out']);
      const { verdict, book, charges } = recordVerdict(argument, {
        mspId,
        at,
        transactionId,
        study,
        round,
        existing: await ledger.get('verdict', studyId, roundKey(round.round), mspId),
        signerSha256: call.signerSha256(),
        planSha256: planDigest(study, sha256),
        own,
        book: before,
      });
      call.concern({ dataset: verdict.scores.map(({ datasetId }) => datasetId) });
      await ledger.put('verdict', verdict);
      await changeAccounts(ledger, before, book);
      for (const charge of charges) await ledger.put('privacy-charge', charge);
      return verdict;
    });
  }

  tally(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:tally', text, async ({ argument, ledger, mspId, at, requireTimely }) => {
      const study = await findStudy(ledger, argument.studyId);
      const round = await roundNow(ledger, await findRound(ledger, argument));
      requireTimely(study, round);
      const { verdicts } = await tallyRows(ledger, round);
      const tallied = tallyRound(round, { mspId, at, study, verdicts });
      await ledger.put('round', tallied);
      return tallied;
    });
  }

  attest(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:attest', text, async ({ argument, ledger, mspId, at, signerSha256 }) => {
      const { studyId } = argument;
      const study = await findStudy(ledger, studyId);
      const round = await findRound(ledger, argument);
      const existing = await ledger.get('attestation', studyId, roundKey(round.round), mspId);
      const attestation = attestAggregate(argument, {
        mspId,
        at,
        study,
        round,
        existing,
        signerSha256: signerSha256(),
      });
      await ledger.put('attestation', attestation);
      return attestation;
    });
  }

  finalize(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:finalize', text, async (call) => {
      const { argument, ledger, mspId, at, ownMspId } = call;
      const study = await findStudy(ledger, argument.studyId);
      const round = await findRound(ledger, argument);
      call.requireTimely(study, round);
      // Every peer reads the same rows, so that those who endorse agree to the byte.
      const dossier = await dossierOf(ledger, round);
      const { round: finalized, supporters } = finalizeRound(round, {
        mspId,
        at,
        study,
        aggregate: argument.aggregate,
        tally: tallyIn(dossier),
        seal: sealOf(dossier, sha256),
      });
      requireOwnSupport(round, supporters, ownMspId());
      await ledger.put('round', finalized);
      return finalized;
    });
  }

  abort(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:abort', text, async ({ argument, ledger, mspId, at, requireTimely }) => {
      const study = await findStudy(ledger, argument.studyId);
      const round = await roundNow(ledger, await findRound(ledger, argument));
      requireTimely(study, round);
      const dossier = await dossierOf(ledger, round);
      const aborted = abortRound(round, {
        mspId,
        at,
        study,
        reason: argument.reason,
        tally: tallyIn(dossier),
        seal: sealOf(dossier, sha256),
        ...(await arrivalsOf(ledger, round)),
      });
      await ledger.put('round', aborted);
      return aborted;
    });
  }

  reportEquivocation(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:reportEquivocation', text, async ({ argument, ledger, mspId, at }) => {
      const round = await findRound(ledger, argument);
      const statement = signedStatement(argument);
      const key = [round.studyId, roundKey(round.round), statement.mspId] as const;
      const equivocation = provenEquivocation(argument, {
        statement,
        recorded: await ledger.get(argument.statement, ...key),
        existing: await ledger.get('equivocation', ...key),
        here: { channel: context.stub.getChannelID(), chaincode: context.chaincodeName() },
        mspId,
        at,
        sha256,
      });
      await ledger.put('equivocation', equivocation);
      return equivocation;
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:get', text, ({ argument, ledger }) => findRound(ledger, argument));
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:list', text, async ({ argument, ledger }) => {
      await findStudy(ledger, argument.studyId);
      return ledger.page('round', [argument.studyId], argument);
    });
  }

  getDossier(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:getDossier', text, async ({ argument, ledger }) =>
      dossierOf(ledger, await findRound(ledger, argument)),
    );
  }

  getUpdate(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:getUpdate', text, ({ argument, ledger }) => {
      const { studyId, round, datasetId } = argument;
      const what = `update of ${datasetId} in round ${round} of study ${studyId}`;
      return found(ledger.get('update', studyId, roundKey(round), datasetId), 'UPDATE_NOT_FOUND', what);
    });
  }

  getVerdict(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:getVerdict', text, async ({ argument, ledger }) => {
      const { studyId, round, mspId } = argument;
      const what = `verdict of ${mspId} on round ${round} of study ${studyId}`;
      const row = ledger.get('verdict', studyId, roundKey(round), mspId);
      const verdict = await found(row, 'VERDICT_NOT_FOUND', what);
      const grounds = groundsOf(verdict, await findStudy(ledger, studyId));
      return { ...verdict, ...(grounds !== undefined && { grounds }) };
    });
  }

  getReceipt(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:getReceipt', text, async ({ argument, ledger }) => {
      const round = await findRound(ledger, argument);
      const { datasetId } = argument;
      if (!round.participants.some((participant) => participant.datasetId === datasetId)) {
        throw new DomainError('NOT_A_PARTICIPANT', `${datasetId} takes no part in round ${round.round}`);
      }
      return receiptOf(await dossierOf(ledger, round), datasetId, sha256);
    });
  }

  listReceipts(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:listReceipts', text, async ({ argument, ledger }) => {
      const { studyId, mspId } = argument;
      const study = await findStudy(ledger, studyId);
      await findMember(ledger, mspId);
      const { rounds, bookmark } = await roundPage(ledger, study, argument, async (round) => {
        const own = round.participants.filter((participant) => participant.mspId === mspId);
        if (own.length === 0) return [];
        const dossier = await dossierOf(ledger, round);
        return own.map(({ datasetId }) => receiptOf(dossier, datasetId, sha256));
      });
      const items: Receipt[] = rounds.flat();
      return bookmark === undefined ? { items } : { items, bookmark };
    });
  }

  listEquivocations(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:listEquivocations', text, async ({ argument, ledger }) => {
      await findStudy(ledger, argument.studyId);
      return ledger.page('equivocation', [argument.studyId], argument);
    });
  }

  getContributions(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'round:getContributions', text, async ({ argument, ledger }) => {
      const study = await findStudy(ledger, argument.studyId);
      const round = await findRound(ledger, argument);
      if (round.state !== 'finalized') {
        throw new DomainError('ROUND_CLOSED', `round ${round.round} is ${round.state}, not finalised`);
      }
      let baseline: RoundDossier | undefined;
      for (let number = round.round - 1; number >= 1 && baseline === undefined; number--) {
        const before = await findRound(ledger, { studyId: study.studyId, round: number });
        if (before.state === 'finalized') baseline = await dossierOf(ledger, before);
      }
      return contributionsOf(await dossierOf(ledger, round), { baseline, study });
    });
  }
}
