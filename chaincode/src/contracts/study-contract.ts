// Transactions on studies and on the consents they are given.
import {
  BLOCKS_MAX,
  type ConsentRow,
  type Dataset,
  membershipOf,
  populationIdOf,
  ROW_SCHEMA,
  type StudyQuorum,
  summaryOfStudy,
} from '@consilium/domain';
import {
  abortStudy,
  approveConsent,
  attestErasure,
  declineStudy,
  grantConsent,
  isShort,
  proposeStudy,
  type RoundRecord,
  recordStudyKeys,
  requireOwner,
  requirePresentOwner,
  retireStudy,
  settleConsent,
  startStudy,
  usedKeyOf,
  withdrawConsent,
} from '@consilium/domain/rules';
import { sha256 } from '../ledger/digest.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { roundKey } from '../ledger/rows.ts';
import { changeAccounts } from './change-accounts.ts';
import { consentedTo } from './consented.ts';
import { dossierOf } from './dossier.ts';
import { listErasures, updatedRounds } from './erasures.ts';
import {
  consentedBlocks,
  consentOf,
  consentsOf,
  findBlocks,
  findBook,
  findConsent,
  findDataset,
  findMember,
  findMembership,
  findRevision,
  findStudy,
  roundPage,
  roundsOf,
} from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { putStudy } from './open-studies.ts';
import { guardConsented, policyOfOwner } from './policies.ts';
import { hasLeft, ownerLeft, quorumNow, studyAnswer } from './quorum-now.ts';
import { keyFacts } from './study-keys.ts';
import { transact } from './transact.ts';

/** How many open studies one page looks at, at most: each is read with what its hospitals said. */
const SHORT_PAGE_SIZE = 20;

export class StudyContract extends LedgerContract {
  constructor() {
    super('study');
  }

  propose(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:propose', text, async ({ argument, ledger, mspId, at, concern }) => {
      const existing = await ledger.get('study', argument.studyId);
      const wanted: Dataset[] = [];
      for (const datasetId of new Set(argument.datasets)) {
        const dataset = await findDataset(ledger, datasetId);
        requirePresentOwner(dataset, await hasLeft(ledger, dataset.owner));
        wanted.push(dataset);
      }
      const study = proposeStudy(argument, { requester: mspId, at, existing, wanted });
      concern({ dataset: study.datasets });
      await putStudy(ledger, study, existing);
      return study;
    });
  }

  start(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:start', text, async ({ argument: { studyId }, ledger, mspId, at }) => {
      const study = await findStudy(ledger, studyId);
      const consents = await consentsOf(ledger, study);
      const started = startStudy(study, { mspId, at, consents });
      await putStudy(ledger, started, study);
      return started;
    });
  }

  abort(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:abort', text, async ({ argument, ledger, mspId, at }) => {
      const study = await findStudy(ledger, argument.studyId);
      const aborted = abortStudy(study, {
        mspId,
        at,
        reason: argument.reason,
        requesterLeft: await hasLeft(ledger, study.requester),
        quorum: await quorumNow(ledger, study),
      });
      await putStudy(ledger, aborted, study);
      return aborted;
    });
  }

  retire(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:retire', text, async ({ argument, ledger, mspId, at }) => {
      const study = await findStudy(ledger, argument.studyId);
      const requesterLeft = await hasLeft(ledger, study.requester);
      const retired = retireStudy(study, { mspId, at, reason: argument.reason, requesterLeft });
      await putStudy(ledger, retired, study);
      return retired;
    });
  }

  consent(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:consent', text, async (call) => {
      const { argument, ledger, mspId, at } = call;
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const given = await givenFrom(ledger, argument);
      const existing = await consentOf(ledger, studyId, datasetId);
      const before = await findBook(ledger, [openBlocks(given)]);
      const { consent, book } = grantConsent(argument, {
        mspId,
        membership: membershipOf(await findMembership(ledger, mspId)),
        at,
        study,
        ...given,
        existing,
        declined: await ledger.get('decline', studyId, datasetId),
        steward: call.enrolmentId(),
        sha256,
        book: before,
        approvals: await ledger.all('consent-approval', studyId, datasetId),
      });
      call.concern({ purpose: [study.purpose] });
      await ledger.put('consent', consent);
      await ledger.put('open-consent', openConsent(consent));
      await changeAccounts(ledger, before, book);
      await guardConsented(ledger, consent);
      return consent;
    });
  }

  approveConsent(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:approveConsent', text, async (call) => {
      const { argument, ledger, mspId, at } = call;
      const { studyId, datasetId } = argument;
      const steward = call.enrolmentId();
      const approval = approveConsent(argument, {
        mspId,
        membership: membershipOf(await findMembership(ledger, mspId)),
        at,
        study: await findStudy(ledger, studyId),
        ...(await givenFrom(ledger, argument)),
        existing: await consentOf(ledger, studyId, datasetId),
        declined: await ledger.get('decline', studyId, datasetId),
        steward,
        sha256,
        approved: await ledger.get('consent-approval', studyId, datasetId, steward),
      });
      await ledger.put('consent-approval', approval);
      await ledger.guard('consent-approval', approval, await policyOfOwner(ledger, mspId));
      return approval;
    });
  }

  decline(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:decline', text, async (call) => {
      const { argument, ledger, mspId, at } = call;
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const decline = declineStudy(argument, {
        mspId,
        at,
        study,
        dataset: await findDataset(ledger, datasetId),
        existing: await consentOf(ledger, studyId, datasetId),
        declined: await ledger.get('decline', studyId, datasetId),
        steward: call.enrolmentId(),
      });
      call.concern({ purpose: [study.purpose] });
      await ledger.put('decline', decline);
      await ledger.guardAnew('decline', decline, await policyOfOwner(ledger, mspId));
      return decline;
    });
  }

  listDeclines(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listDeclines', text, async ({ argument, ledger }) => {
      await findStudy(ledger, argument.studyId);
      return ledger.page('decline', [argument.studyId], argument);
    });
  }

  withdraw(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:withdraw', text, async ({ argument, ledger, mspId, at }) => {
      const { studyId, datasetId, reason } = argument;
      const study = await findStudy(ledger, studyId);
      const consent = await findConsent(ledger, studyId, datasetId);
      const round = (await roundsOf(ledger, study)).at(-1);
      const latest = round && {
        round,
        verdict: await ledger.get('verdict', studyId, roundKey(round.round), consent.owner),
      };
      const withdrawn = withdrawConsent(consent, { mspId, at, reason, study, latest });
      await ledger.put('consent', withdrawn);
      return withdrawn;
    });
  }

  settle(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:settle', text, async (call) => {
      const { argument, ledger, mspId, at, transactionId } = call;
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const consent = await findConsent(ledger, studyId, datasetId);
      const isOver = await ownerLeft(ledger, consent);
      if (!isOver) requireOwner(consent, mspId);
      const dataset = await findDataset(ledger, datasetId);
      const before = await findBook(ledger, [consentedBlocks(dataset, consent)]);
      const rounds: RoundRecord[] = [];
      for (const round of await roundsOf(ledger, study)) {
        const number = roundKey(round.round);
        rounds.push({
          round,
          update: await ledger.get('update', studyId, number, datasetId),
          verdict: await ledger.get('verdict', studyId, number, consent.owner),
        });
      }
      const settled = settleConsent(consent, {
        mspId,
        ownerLeft: isOver,
        at,
        transactionId,
        study,
        dataset,
        book: before,
        rounds,
      });
      await ledger.put('consent', settled.consent);
      await ledger.remove('open-consent', openConsent(consent));
      await changeAccounts(ledger, before, settled.book);
      for (const charge of settled.charges) await ledger.put('privacy-charge', charge);
      return settled.consent;
    });
  }

  recordKeys(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:recordKeys', text, async ({ argument, ledger, mspId, at }) => {
      const { studyId } = argument;
      const rows = recordStudyKeys(argument, {
        mspId,
        at,
        study: await findStudy(ledger, studyId),
        // Its own rows: what others write does not invalidate this.
        consents: (await ledger.all('open-consent', mspId, studyId)).length > 0,
        facts: await keyFacts(ledger, argument, { mspId, channel: context.stub.getChannelID() }),
      });
      for (const row of rows) {
        await ledger.put('study-key', row);
        await ledger.put('member-key', usedKeyOf(row));
      }
      return { studyId, mspId, datasets: rows.map(({ datasetId }) => datasetId), recordedAt: at };
    });
  }

  listKeys(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listKeys', text, async ({ argument, ledger }) => {
      const { studyId, datasetId } = argument;
      await findStudy(ledger, studyId);
      await findDataset(ledger, datasetId);
      return ledger.page('study-key', [studyId, datasetId], argument);
    });
  }

  attestErasure(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:attestErasure', text, async ({ argument, ledger, mspId, at }) => {
      const { studyId, datasetId } = argument;
      const study = await findStudy(ledger, studyId);
      const erasure = attestErasure(argument, {
        mspId,
        at,
        consent: await findConsent(ledger, studyId, datasetId),
        rounds: await updatedRounds(ledger, await roundsOf(ledger, study), datasetId),
        existing: await ledger.get('erasure', studyId, datasetId, mspId),
        studyKey: await ledger.get('study-key', studyId, datasetId, mspId),
      });
      await ledger.put('erasure', erasure);
      return erasure;
    });
  }

  listErasures(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listErasures', text, ({ argument, ledger, at }) =>
      listErasures(ledger, argument, at),
    );
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:get', text, async ({ argument: { studyId }, ledger }) =>
      studyAnswer(ledger, await findStudy(ledger, studyId)),
    );
  }

  getRecord(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:getRecord', text, async ({ argument, ledger }) => {
      const study = await findStudy(ledger, argument.studyId);
      const { consents, datasets } = await consentedTo(ledger, study);
      const rounds = await roundPage(ledger, study, argument, (round) => dossierOf(ledger, round));
      return { study, datasets, consents, ...rounds };
    });
  }

  listShort(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listShort', text, async ({ argument, ledger }) => {
      const pageSize = Math.min(argument.pageSize ?? SHORT_PAGE_SIZE, SHORT_PAGE_SIZE);
      const page = await ledger.page('open-study', [], { ...argument, pageSize });
      const items: StudyQuorum[] = [];
      for (const { studyId } of page.items) {
        const quorum = await quorumNow(ledger, await findStudy(ledger, studyId));
        if (isShort(quorum)) items.push(quorum);
      }
      return { ...page, items };
    });
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:list', text, ({ argument, ledger }) =>
      ledger.page('study', [], argument, summaryOfStudy),
    );
  }

  getConsent(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:getConsent', text, ({ argument: { studyId, datasetId }, ledger }) =>
      findConsent(ledger, studyId, datasetId),
    );
  }

  listConsents(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listConsents', text, async ({ argument, ledger }) => {
      await findStudy(ledger, argument.studyId);
      const page = await ledger.page('consent', [argument.studyId], argument);
      const items: ConsentRow[] = [];
      for (const { studyId, datasetId } of page.items)
        items.push(await findConsent(ledger, studyId, datasetId));
      return { ...page, items };
    });
  }

  listOpenConsents(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'study:listOpenConsents', text, async ({ argument, ledger }) => {
      await findMember(ledger, argument.mspId);
      return ledger.page('open-consent', [argument.mspId], argument);
    });
  }
}

/**
 * What a consent is given from: the dataset in its present revision, and those blocks of it that are asked for, or all.
 * Blocks that the revision has not are left to the rules.
 */
async function givenFrom(
  ledger: Ledger,
  {
    datasetId,
    blocks: asked,
  }: { readonly datasetId: string; readonly blocks?: readonly number[] | undefined },
) {
  const dataset = await findDataset(ledger, datasetId);
  const revision = await findRevision(ledger, dataset);
  const named = revision.blocks.map(({ block }) => block).filter((block) => asked?.includes(block) ?? true);
  return { dataset, revision, blocks: await findBlocks(ledger, populationIdOf(dataset), named) };
}

/** Of these, the blocks whose accounts a consent may move; too many are refused before any is moved. */
const openBlocks = ({ dataset, blocks }: Awaited<ReturnType<typeof givenFrom>>) => ({
  populationId: populationIdOf(dataset),
  blocks: blocks
    .filter(({ state }) => state === 'open')
    .map(({ block }) => block)
    .slice(0, BLOCKS_MAX),
});

const openConsent = ({ owner, studyId, datasetId }: ConsentRow) => ({
  schema: ROW_SCHEMA['open-consent'],
  owner,
  studyId,
  datasetId,
});
