// Queries on what happened: every version of a row, and activities by what they concern.
import {
  type Argument,
  DomainError,
  type ErrorCode,
  POOLS,
  PURPOSES,
  type RowVersion,
} from '@consilium/domain';
import type { Ledger } from '../ledger/ledger.ts';
import type { Page } from '../ledger/page.ts';
import { isRoundNumber, KEY_PARTS, NUMBERS, roundKey } from '../ledger/rows.ts';
import { findDataset, findRound, findStudy, found } from './find.ts';
import { roundEntries, studyEntries } from './index-entries.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { oldPolicies } from './old-policies.ts';
import { renewPolicies } from './policies.ts';
import { transact } from './transact.ts';

export class AuditContract extends LedgerContract {
  constructor() {
    super('audit');
  }

  renewPolicies(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'audit:renewPolicies', text, async ({ argument, ledger }) => ({
      ...argument,
      laid: await renewPolicies(ledger, argument),
    }));
  }

  listOldPolicies(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'audit:listOldPolicies', text, ({ argument, ledger }) =>
      oldPolicies(ledger, argument),
    );
  }

  indexStudy(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'audit:indexStudy', text, async ({ argument, ledger, concern }) => {
      const study = await findStudy(ledger, argument.studyId);
      const rows =
        argument.round === undefined
          ? await studyEntries(ledger, study)
          : await roundEntries(ledger, await findRound(ledger, { ...argument, round: argument.round }));
      let entries = 0;
      for (const { activity, concerns } of rows) {
        if (await ledger.enterActivity(activity, concerns)) entries++;
      }
      concern({ purpose: [study.purpose] });
      return { ...argument, entries };
    });
  }

  listActivities(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'audit:listActivities', text, async ({ argument, ledger }) => {
      await requireKnown(ledger, argument);
      return ledger.listActivities(argument);
    });
  }

  getHistory(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'audit:getHistory', text, async ({ argument, ledger }) => {
      const { noun, key } = argument;
      const page = await historyOf(ledger, argument);
      if (page.items.length > 0 || argument.bookmark !== undefined) return page;
      throw new DomainError(MISSING[noun], `there never was a ${noun} ${key.join(' ')}`);
    });
  }
}

const MISSING: Readonly<Record<Argument<'audit:getHistory'>['noun'], ErrorCode>> = {
  member: 'MEMBER_NOT_FOUND',
  population: 'POPULATION_NOT_FOUND',
  block: 'BLOCK_NOT_FOUND',
  dataset: 'DATASET_NOT_FOUND',
  revision: 'REVISION_NOT_FOUND',
  budget: 'BLOCK_NOT_FOUND',
  study: 'STUDY_NOT_FOUND',
  consent: 'CONSENT_NOT_FOUND',
  round: 'ROUND_NOT_FOUND',
  update: 'UPDATE_NOT_FOUND',
  verdict: 'VERDICT_NOT_FOUND',
  model: 'MODEL_NOT_FOUND',
};

/**
 * Nothing found must mean that nothing was done, not that a name was misspelt.
 *
 * @throws DomainError STUDY_NOT_FOUND, DATASET_NOT_FOUND, MEMBER_NOT_FOUND, INVALID_ARGUMENT for an unknown purpose
 */
async function requireKnown(
  ledger: Ledger,
  { by, value = '' }: Argument<'audit:listActivities'>,
): Promise<void> {
  if (by === 'all' || value === '') return;
  if (by === 'study') await findStudy(ledger, value);
  else if (by === 'dataset') await findDataset(ledger, value);
  else if (by === 'hospital') await found(ledger.get('member', value), 'MEMBER_NOT_FOUND', `member ${value}`);
  else if (!PURPOSES.some((purpose) => purpose === value)) {
    throw new DomainError('INVALID_ARGUMENT', `value must be one of the purposes ${PURPOSES.join(', ')}`);
  }
}

function historyOf(ledger: Ledger, argument: Argument<'audit:getHistory'>): Promise<Page<RowVersion>> {
  if (argument.noun !== 'budget') return ledger.history(argument.noun, historyKey(argument), argument);
  // Accounts of block 1 may be named as they were before there were blocks.
  const [populationId = '', pool = '', block = '1', ...more] = argument.key;
  const [known] = POOLS.filter((one) => one === pool);
  if (known === undefined || more.length > 0 || !isRoundNumber(block)) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      'key of a budget must be populationId, pool, and block if not 1',
    );
  }
  return ledger.accounts.history({ populationId, pool: known, block: Number(block) }, argument);
}

/** A row's key from what a person writes: rounds as plain numbers. */
function historyKey({ noun, key }: Argument<'audit:getHistory'>): string[] {
  const parts = KEY_PARTS[noun];
  if (key.length !== parts.length) {
    throw new DomainError('INVALID_ARGUMENT', `key of a ${noun} must be ${parts.join(', ')}`);
  }
  return parts.map((part, i) => {
    if (!NUMBERS.includes(part)) return key[i]!;
    if (!isRoundNumber(key[i]!)) {
      throw new DomainError('INVALID_ARGUMENT', `key must have the ${part} as a number`);
    }
    return roundKey(Number(key[i]));
  });
}
