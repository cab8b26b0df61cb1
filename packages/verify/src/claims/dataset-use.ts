// Who used a dataset, under which consent and at what cost, and what is left of its accounts. That nothing is left out
// is not believed: each account's row names its present version by digest, and each version the one before, so that all
// changes are found back to the first; and the sums must follow from the consents and charges that made the changes.

import {
  accountFrom,
  type BudgetStatement,
  blocksOf,
  type Consent,
  type ConsentRow,
  canonicalJson,
  compareDecimals,
  type Dataset,
  epsilonOf,
  POOLS,
  type Pool,
  type PrivacyCharge,
  populationIdOf,
  type Revision,
  type RowKind,
  revisionOf,
  type Study,
  statementOf,
} from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { MemoryState } from '../blocks/memory-state.ts';
import { partsOf, readableKey, rowKey, type Version } from '../blocks/read-write-set.ts';
import { utf8Text } from '../wire/bytes.ts';
import { type AccountKey, accountChanges } from './account-chain.ts';
import { textConsentedTo } from './consent-texts.ts';
import { type ReadRow, rowOfConsent } from './lineage-claim.ts';
import { type AccountCost, costOfCharges } from './privacy-costs.ts';
import { ACCOUNT_QUESTION, CONSENT_QUESTION, DATASET_QUESTION, REVISIONS_QUESTION } from './questions.ts';
import { type AgreedAnswer, pagesOf } from './signed-answers.ts';

/** One charge of a study to a dataset. */
export interface ChargedUse {
  readonly round: number;
  readonly cause: PrivacyCharge['cause'];
  readonly pool: Pool;
  /** Numbers of the blocks of patients that bear it, each in full. */
  readonly blocks: readonly number[];
  /** At the budget's δ, as it was claimed: no less than what it costs. */
  readonly epsilon: string;
  readonly chargedAt: string;
  readonly transactionId: string;
}

/** What one study did with a dataset. */
export interface StudyUse {
  readonly studyId: string;
  readonly title: string;
  readonly purpose: string;
  readonly requester: string;
  readonly consent: Pick<Consent, 'state' | 'grantedAt' | 'withdrawnAt' | 'settledAt' | 'stewards'> & {
    readonly revision: number;
    readonly blocks: readonly number[];
    /** Digest of the study's text; undefined of consents from before they named it. */
    readonly studySha256: string | undefined;
  };
  readonly charges: readonly ChargedUse[];
  /** What the study's charges cost together, by account. */
  readonly costs: readonly AccountCost[];
}

/** One account of the dataset's patients, as it is. */
export type AccountState = Pick<
  BudgetStatement,
  'block' | 'pool' | 'budget' | 'spentEpsilon' | 'reservedEpsilon' | 'committedEpsilon' | 'leftEpsilon'
>;

/** What evidence of a dataset proves. */
export interface DatasetUse {
  readonly datasetId: string;
  readonly owner: string;
  readonly title: string;
  readonly populationId: string;
  readonly revisions: number;
  readonly studies: readonly StudyUse[];
  readonly accounts: readonly AccountState[];
  /** Other datasets about the same patients, whose charges are in the accounts too. */
  readonly sharedWith: readonly string[];
}

interface Proven {
  readonly problems: readonly Problem[];
  readonly use: DatasetUse | undefined;
  readonly of: readonly ReadRow[];
}

/** Everything that is wrong with it, and what it proves. */
export function checkDatasetUse(
  datasetId: string,
  answers: readonly AgreedAnswer[],
  ledger: ReadLedger,
): Proven {
  return new DatasetCheck(datasetId, answers, ledger).run();
}

/** The rows that the blocks leave. */
interface ReadLedger {
  readonly read: readonly ReadRow[];
  readonly rows: MemoryState;
  readonly chaincode: string;
}

class DatasetCheck {
  readonly #datasetId: string;
  readonly #answers: readonly AgreedAnswer[];
  readonly #rows: readonly ReadRow[];
  readonly #ledger: ReadLedger;
  readonly #problems: Problem[] = [];
  readonly #of = new Set<ReadRow>();

  constructor(datasetId: string, answers: readonly AgreedAnswer[], ledger: ReadLedger) {
    this.#datasetId = datasetId;
    this.#answers = answers;
    this.#rows = ledger.read;
    this.#ledger = ledger;
  }

  run(): Proven {
    const dataset = this.#dataset();
    if (dataset === undefined) return { problems: this.#problems, use: undefined, of: [] };
    const revisions = this.#revisions(dataset);
    const consents = this.#consents();
    const populationId = populationIdOf(dataset);
    const shared = new Set<string>();
    const blocks = new Set(revisions.flatMap((revision) => revision.blocks.map(({ block }) => block)));
    const accounts = [...blocks]
      .sort((a, b) => a - b)
      .flatMap((block) => POOLS.map((pool) => ({ populationId, block, pool })))
      .flatMap((key) => this.#account(key, shared));
    const asked = this.#answers.filter(({ question }) => question.name === ACCOUNT_QUESTION);
    if (asked.length !== 2 * blocks.size) this.#add('accounts', 'others are shown than the dataset has');
    const studies = consents.flatMap((consent) => this.#study(consent, dataset));
    const use = {
      datasetId: dataset.datasetId,
      owner: dataset.owner,
      title: dataset.title,
      populationId,
      revisions: revisions.length,
      studies,
      accounts,
      sharedWith: [...shared].sort(),
    };
    return { problems: this.#problems, use, of: [...this.#of] };
  }

  #add(place: string, text: string): void {
    this.#problems.push({ place, text });
  }

  #answered(name: string): AgreedAnswer[] {
    return this.#answers.filter(({ question }) => question.name === name);
  }

  #rowsOf<T>(kind: RowKind): { readonly row: ReadRow; readonly value: T }[] {
    return this.#rows
      .filter((row) => row.kind === kind)
      .map((row) => ({ row, value: row.value as unknown as T }));
  }

  #dataset(): Dataset | undefined {
    const [answer] = this.#answered(DATASET_QUESTION);
    const found = this.#rowsOf<Dataset>('dataset').find(({ value }) => value.datasetId === this.#datasetId);
    if (found === undefined || answer === undefined || !same(found.value, answer.response)) {
      this.#add('dataset', 'no block that is shown holds what peers answered of it');
      return undefined;
    }
    this.#of.add(found.row);
    return found.value;
  }

  /** All of them: their numbers run up to the one that the dataset's row names. */
  #revisions(dataset: Dataset): readonly Revision[] {
    const pages = pagesOf(this.#answered(REVISIONS_QUESTION));
    if (typeof pages === 'string') {
      this.#add('revisions', pages);
      return [];
    }
    const revisions = pages.flatMap((page) => itemsOf<Revision>(page));
    const last = dataset.revision ?? 1;
    const isWhole = revisions.length === last && revisions.every(({ revision }, i) => revision === i + 1);
    if (!isWhole) this.#add('revisions', `they are not those from 1 to ${last}, which the dataset has`);
    const rows = this.#rowsOf<Revision>('revision').filter(
      ({ value }) => value.datasetId === this.#datasetId,
    );
    for (const revision of revisions) {
      const found = rows.find(({ value }) => same(value, revision));
      if (found !== undefined) this.#of.add(found.row);
      // A dataset from before there were rows of them has its first revision from its own row.
      else if (rows.length > 0 || dataset.revision !== undefined) {
        this.#add(`revision ${revision.revision}`, 'no block that is shown holds this row');
      }
    }
    return revisions;
  }

  /** Each consent that a block shows was answered as it is now, and none besides. */
  #consents(): readonly Consent[] {
    const answered = this.#answered(CONSENT_QUESTION).map(({ response }) => response as Consent);
    // By their keys: what a row holds is not known where a hidden block wrote it since.
    for (const { namespace, key } of this.#ledger.rows.all) {
      const [kind, studyId, datasetId] = partsOf(key);
      if (namespace !== this.#ledger.chaincode || kind !== 'consent' || datasetId !== this.#datasetId)
        continue;
      if (answered.some((consent) => consent?.studyId === studyId)) continue;
      this.#add(`consent to ${studyId}`, 'no peer was asked what became of it');
    }
    return answered.filter((consent) => {
      const row = typeof consent?.studyId === 'string' ? rowOfConsent(consent, this.#rows) : undefined;
      if (row === undefined) {
        this.#add(`consent to ${String(consent?.studyId)}`, 'no block that is shown holds this row');
        return false;
      }
      this.#of.add(row);
      return true;
    });
  }

  #account(key: AccountKey, shared: Set<string>): AccountState[] {
    const place = `account ${key.pool} of block ${key.block}`;
    const answer = this.#answered(ACCOUNT_QUESTION).find(
      ({ question: { argument } }) => argument.pool === key.pool && (argument.block ?? 1) === key.block,
    );
    const chain = accountChanges(key, this.#ledger);
    if ('problem' in chain) {
      this.#add(place, chain.problem);
      return [];
    }
    const { account, changes } = chain;
    if (answer === undefined || !same(statementOf(account), answer.response)) {
      this.#add(place, 'no block that is shown holds what peers answered of it');
      return [];
    }
    const { consents, charges } = this.#behind(key, changes, place);
    for (const { datasetId } of consents) if (datasetId !== this.#datasetId) shared.add(datasetId);
    const made = accountFrom(account, { consents, charges });
    if (made === undefined || !same(made, account)) {
      this.#add(place, 'its sums do not follow from the consents and charges that are shown');
    }
    const { block, pool, budget, spentEpsilon, reservedEpsilon, committedEpsilon, leftEpsilon } =
      statementOf(account);
    return [{ block, pool, budget, spentEpsilon, reservedEpsilon, committedEpsilon, leftEpsilon }];
  }

  /** The consents and charges of the transactions that changed an account. */
  #behind({ populationId, block, pool }: AccountKey, changes: readonly Version[], place: string) {
    const made = new Set(changes.map(textOf));
    const isAbout = ({ datasetId }: { readonly datasetId: string }): boolean => {
      // Whom a dataset is about no revision of it changes.
      const [dataset] = this.#ledger.rows.history(this.#ledger.chaincode, rowKey('dataset', [datasetId]));
      if (dataset === undefined) this.#add(place, `whom ${datasetId} is about is in no block that is shown`);
      return dataset !== undefined && populationIn(dataset.value) === populationId;
    };
    // What is said to be of this dataset has to have changed its accounts; what is of others may be of other people.
    const isBehind = ({ row }: ReadRow, value: { readonly datasetId: string }): boolean => {
      const isMade = [row, ...row.earlier].some(({ version }) => made.has(textOf(version)));
      if (value.datasetId !== this.#datasetId) return isMade && isAbout(value);
      if (!isMade) this.#add(place, `it was not changed with ${readableKey(row.key)}`);
      return isMade;
    };
    const charged = this.#rowsOf<PrivacyCharge>('privacy-charge').filter(
      ({ row, value }) =>
        value.privacyEvent.pool === pool && (value.blocks ?? [1]).includes(block) && isBehind(row, value),
    );
    for (const { row } of charged) this.#of.add(row);
    const consents = this.#rowsOf<ConsentRow>('consent').filter(
      ({ row, value }) => blocksOf(value).includes(block) && isBehind(row, value),
    );
    return { consents: consents.map(({ value }) => value), charges: charged.map(({ value }) => value) };
  }

  #study(consent: Consent, dataset: Dataset): StudyUse[] {
    const { studyId } = consent;
    const place = `consent to ${studyId}`;
    const text = textConsentedTo(consent, this.#ledger);
    if (text === undefined) {
      this.#add(place, 'the text that it is to is in no block that is shown');
      return [];
    }
    const { delta } = dataset.privacyBudget;
    const charges = this.#rowsOf<PrivacyCharge>('privacy-charge')
      .map(({ value }) => value)
      .filter((charge) => charge.studyId === studyId && charge.datasetId === this.#datasetId);
    for (const { round, cause, privacyEvent, claimedEpsilon } of charges) {
      const cost = epsilonOf([{ event: privacyEvent, count: 1 }], delta);
      if (compareDecimals(claimedEpsilon, cost) >= 0) continue;
      this.#add(`${place}, round ${round}, ${cause}`, `charged as ε ${claimedEpsilon}, and costs ${cost}`);
    }
    return [studyUse(consent, text, { charges, delta })];
  }
}

function studyUse(
  consent: Consent,
  text: Study,
  { charges, delta }: { readonly charges: readonly PrivacyCharge[]; readonly delta: string },
): StudyUse {
  const { studyId, state, grantedAt, withdrawnAt, settledAt, stewards, studySha256 } = consent;
  return {
    studyId,
    title: text.title,
    purpose: text.purpose,
    requester: text.requester,
    consent: {
      state,
      grantedAt,
      ...(withdrawnAt !== undefined && { withdrawnAt }),
      ...(settledAt !== undefined && { settledAt }),
      ...(stewards !== undefined && { stewards }),
      revision: revisionOf(consent),
      blocks: blocksOf(consent),
      studySha256,
    },
    charges: charges.map((charge) => ({
      round: charge.round,
      cause: charge.cause,
      pool: charge.privacyEvent.pool,
      blocks: charge.blocks ?? [1],
      epsilon: charge.claimedEpsilon,
      chargedAt: charge.chargedAt,
      transactionId: charge.transactionId,
    })),
    costs: costOfCharges(charges, () => delta),
  };
}

function populationIn(value: Uint8Array): string | undefined {
  try {
    return populationIdOf(JSON.parse(utf8Text(value)) as Dataset);
  } catch {
    return undefined;
  }
}

const textOf = ({ block, place }: Version): string => `${block}:${place}`;
const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b ?? null);
const itemsOf = <T>(page: unknown): readonly T[] =>
  ((page as { readonly items?: readonly T[] } | null | undefined)?.items ?? []) as readonly T[];
