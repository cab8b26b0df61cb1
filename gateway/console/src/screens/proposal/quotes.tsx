// What the plan costs each dataset that is chosen, while it is written: by the ledger's own rules, from the accounts of
// now.
import { type Dataset, ProposeStudy, Strict, validate } from '@consilium/domain';
import {
  type BlockAccounts,
  type CostingPlan,
  type PlanQuote,
  quotePlan,
  ROUNDS_COUNTED,
} from '@consilium/domain/rules';
import { useTranslation } from 'react-i18next';
import { Delta } from '../../components/epsilon.tsx';
import { Figure, Figures } from '../../components/figure.tsx';
import { Icon } from '../../components/icon.tsx';
import { Term } from '../../components/meaning.tsx';
import { DatasetName, HospitalName } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Loading } from '../../components/query-state.tsx';
import { formatCount } from '../../format/numbers.ts';
import { formatEpsilon } from '../../format/privacy.ts';
import { Pair } from '../study/costs.tsx';
import { type QuotedDataset, useAccounts } from './dataset-accounts.ts';
import styles from './proposal.module.css';

const { training, validation, unit, rounds } = ProposeStudy.properties;
const Costing = Strict({ training, validation, unit, rounds });

/** What of a study decides its cost, where it is sound. */
export function costingOf(study: Readonly<Record<string, unknown>>): CostingPlan | undefined {
  try {
    const parts = ['training', 'validation', 'unit', 'rounds'].map((name) => [name, study[name]]);
    return validate(Costing, Object.fromEntries(parts)) as CostingPlan;
  } catch {
    return undefined;
  }
}

/** A dataset with what the plan costs it; no quote while its accounts are read, or where it takes no sampling. */
interface Quoted extends QuotedDataset {
  readonly quote: PlanQuote | undefined;
  readonly isSamplingRefused: boolean;
}

/** The last quote by some accounts: a page is drawn far more often than either changes. */
const lastQuotes = new WeakMap<readonly BlockAccounts[], { plan: CostingPlan; quote: PlanQuote }>();

function quoteBy(plan: CostingPlan, accounts: readonly BlockAccounts[]): PlanQuote {
  const last = lastQuotes.get(accounts);
  if (last?.plan === plan) return last.quote;
  const quote = quotePlan(plan, accounts);
  lastQuotes.set(accounts, { plan, quote });
  return quote;
}

function quoteOf(plan: CostingPlan, given: QuotedDataset): Quoted {
  const { dataset, accounts } = given;
  const isSamplingRefused =
    dataset.accounting?.kind === 'gaussian' && Number(plan.training.samplingRate) !== 1;
  const isQuoted = accounts !== undefined && accounts.length > 0 && !isSamplingRefused;
  return { ...given, isSamplingRefused, quote: isQuoted ? quoteBy(plan, accounts) : undefined };
}

/** Whether a quote says that a dataset cannot bear the plan. */
const isTooMuch = ({ quote, accounts, isSamplingRefused }: Quoted): boolean =>
  isSamplingRefused || accounts?.length === 0 || (quote !== undefined && quote.fitting === 0);

interface QuotesProps {
  /** Undefined where the fields do not hold a plan. */
  readonly plan: CostingPlan | undefined;
  readonly datasets: readonly Dataset[];
}

/** Every quote of a plan; undefined where the session may not read accounts. */
export function useQuotes({ plan, datasets }: QuotesProps): readonly Quoted[] | undefined {
  const accounts = useAccounts(datasets);
  return plan === undefined ? [] : accounts?.map((one) => quoteOf(plan, one));
}

export function Quotes({ plan, datasets }: QuotesProps) {
  const { t } = useTranslation('proposal');
  const quotes = useQuotes({ plan, datasets });
  return (
    <Section title={t('quote.title')} lead={t('quote.lead')}>
      {quotes === undefined ? (
        <p className="soft">{t('quote.mayNot')}</p>
      ) : datasets.length === 0 ? (
        <p className="soft">{t('quote.empty')}</p>
      ) : plan === undefined ? (
        <p className={styles.fails}>{t('quote.invalid')}</p>
      ) : (
        <div className={styles.stack}>
          <Everywhere quotes={quotes} planned={plan.rounds} />
          <ul className={styles.quotes}>
            {quotes.map((quoted) => (
              <QuoteOf key={quoted.dataset.datasetId} quoted={quoted} rounds={plan.rounds} />
            ))}
          </ul>
        </div>
      )}
    </Section>
  );
}

function Everywhere({ quotes, planned }: { readonly quotes: readonly Quoted[]; readonly planned: number }) {
  const { t } = useTranslation('proposal');
  const known = quotes.flatMap((one) =>
    isTooMuch(one) && !one.quote ? [0] : (one.quote?.roundsThatFit ?? []),
  );
  if (known.length < quotes.length) return null;
  const least = Math.min(...known);
  return (
    <Figures>
      <Figure
        label={t('quote.everywhere')}
        value={<span className={least < planned ? styles.fails : undefined}>{sayRounds(least, t)}</span>}
        meaning={t('quote.everywhereMeaning')}
        note={t('quote.planned', { count: planned })}
      />
    </Figures>
  );
}

type Say = ReturnType<typeof useTranslation<'proposal'>>['t'];
const sayRounds = (count: number, t: Say): string =>
  count >= ROUNDS_COUNTED ? t('quote.roundsMost', { count: ROUNDS_COUNTED }) : formatCount(count);

function QuoteOf({ quoted, rounds }: { readonly quoted: Quoted; readonly rounds: number }) {
  const { t } = useTranslation('proposal');
  const { dataset, quote, error, accounts, isSamplingRefused } = quoted;
  const { datasetId, owner, privacyBudget } = dataset;
  return (
    <li className={styles.quote}>
      <div className={styles.quoteHead}>
        <h3>
          <DatasetName datasetId={datasetId} />
        </h3>
        <Fits quoted={quoted} />
      </div>
      <p className="small soft">
        <HospitalName mspId={owner} /> · <Delta value={privacyBudget.delta} />
      </p>
      {isSamplingRefused && <p className={styles.fails}>{t('quote.noSampling')}</p>}
      {error !== null && <p className={styles.fails}>{t('quote.failed')}</p>}
      {quote !== undefined && <Numbers quote={quote} rounds={rounds} total={privacyBudget.epsilon} />}
      {quote === undefined && error === null && accounts === undefined && <Loading lines={3} />}
    </li>
  );
}

function Fits({ quoted }: { readonly quoted: Quoted }) {
  const { t } = useTranslation('proposal');
  const { quote, accounts = [] } = quoted;
  if (isTooMuch(quoted)) {
    return (
      <span className={styles.fails}>
        <Icon name="cross" /> {t('quote.fitsNot')}
      </span>
    );
  }
  if (quote === undefined) return null;
  const isWhole = quote.fitting === accounts.length;
  return (
    <span className={isWhole ? styles.holds : styles.partly}>
      <Icon name={isWhole ? 'check' : 'half'} />{' '}
      {isWhole ? t('quote.fits') : t('quote.fitsSome', { fitting: quote.fitting, blocks: accounts.length })}
    </span>
  );
}

interface NumbersProps {
  readonly quote: PlanQuote;
  readonly rounds: number;
  readonly total: string;
}

function Numbers({ quote, rounds, total }: NumbersProps) {
  const { t } = useTranslation('proposal');
  const { perRound, whole, left, committedAfter, roundsThatFit } = quote;
  const lines = [
    ['perRound', t('quote.perRound'), <Pair key="p" of={perRound} />],
    ['whole', t('quote.whole', { rounds }), <Pair key="w" of={whole} />],
    ['left', t('quote.left'), <Pair key="l" of={left} rounding="down" />],
    [
      'after',
      t('quote.after'),
      <span key="a">
        <Pair of={committedAfter} />
        <span className="small soft">{t('quote.ofBudget', { total: formatEpsilon(total, 'down') })}</span>
      </span>,
    ],
    ['rounds', t('quote.rounds'), sayRounds(roundsThatFit, t)],
  ] as const;
  return (
    <dl className={styles.numbers}>
      {lines.map(([name, label, value]) => (
        <div key={name}>
          <dt>
            <Term meaning={t(`quote.${name}Meaning`)}>{label}</Term>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether any dataset cannot bear the plan as its accounts are now. */
export const anyTooMuch = (quotes: readonly Quoted[] | undefined): boolean =>
  quotes?.some(isTooMuch) ?? false;
