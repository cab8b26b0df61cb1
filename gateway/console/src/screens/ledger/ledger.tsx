// The ledger's blocks and transactions, with what this gateway verified of them.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'wouter';
import { useMay } from '../../app/session.tsx';
import { Code } from '../../components/copy.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, MayNot, QueryState } from '../../components/query-state.tsx';
import { Table } from '../../components/table.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import { filtersIn, type LedgerFilters, queryOf } from './ledger-filters.ts';
import { LedgerSearch } from './ledger-search.tsx';
import { LedgerState } from './ledger-state.tsx';
import type { LedgerBlock, ListedTransaction } from './ledger-types.ts';
import { useNewestFirst } from './live-pages.ts';
import { Marks } from './marks.tsx';
import { TransactionTable } from './transaction-table.tsx';

type Part = 'transactions' | 'blocks';

export default function Ledger() {
  const { t } = useTranslation('ledger');
  const may = useMay('listLedgerBlocks', 'listTransactions');
  const [address, setAddress] = useSearchParams();
  const filters = useMemo(() => filtersIn(address), [address]);
  const part: Part = address.get('show') === 'blocks' ? 'blocks' : 'transactions';
  const show = (next: Part, changed: LedgerFilters = filters) => {
    const query = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== ''));
    setAddress({ ...query, ...(next === 'blocks' && { show: next }) }, { replace: true });
  };
  return (
    <Page title={t('title')} lead={t('lead')} actions={<Link href="/verify">{t('verifyLink')}</Link>}>
      <LedgerState />
      {may ? (
        <>
          <LedgerSearch filters={filters} onChange={(changed) => show('transactions', changed)} />
          <Tabs<Part>
            label={t('tabs.label')}
            selected={part}
            onSelect={(next) => show(next)}
            tabs={[
              {
                id: 'transactions',
                title: t('tabs.transactions'),
                content: () => <Transactions filters={filters} />,
              },
              { id: 'blocks', title: t('tabs.blocks'), content: () => <Blocks /> },
            ]}
          />
        </>
      ) : (
        <MayNot />
      )}
    </Page>
  );
}

const placeOf = ({ block, place }: ListedTransaction): string => `${block}/${place}`;

function Transactions({ filters }: { readonly filters: LedgerFilters }) {
  const { t } = useTranslation('ledger');
  const query = useMemo(() => queryOf(filters), [filters]);
  const found = useNewestFirst<ListedTransaction>('listTransactions', query, placeOf);
  const isAtEnd = !found.more.has;
  return (
    <QueryState
      query={found}
      isEmpty={(rows) => rows.length === 0 && isAtEnd}
      empty={<Empty title={t('noTransactions')}>{t('noTransactionsHelp')}</Empty>}
    >
      {(rows) => (
        <>
          {rows.length === 0 && <p className="soft">{t('lookedThrough')}</p>}
          <TransactionTable rows={rows} more={found.more} />
        </>
      )}
    </QueryState>
  );
}

const numberOf = ({ number }: LedgerBlock): string => String(number);
const NO_QUERY = {};

function Blocks() {
  const { t } = useTranslation('ledger');
  const found = useNewestFirst<LedgerBlock>('listLedgerBlocks', NO_QUERY, numberOf);
  return (
    <QueryState query={found} empty={<Empty title={t('noBlocks')} />}>
      {(rows) => (
        <Table<LedgerBlock>
          caption={t('blocksCaption')}
          isCaptionUnseen
          rows={rows}
          rowKey={numberOf}
          more={found.more}
          columns={[
            {
              id: 'block',
              header: t('columns.block'),
              isNumber: true,
              isRowHeader: true,
              cell: ({ number }) => <Link href={`/ledger/blocks/${number}`}>{formatCount(number)}</Link>,
            },
            {
              id: 'time',
              header: t('columns.time'),
              cell: ({ at }) => (at === null ? '—' : <Time at={at} form="absolute" />),
            },
            {
              id: 'count',
              header: t('columns.count'),
              isNumber: true,
              cell: ({ transactions }) => formatCount(transactions),
            },
            {
              id: 'hash',
              header: t('columns.hash'),
              cell: ({ hash }) => <Code text={hash} length={12} isCopied={false} />,
            },
            {
              id: 'signedBy',
              header: t('columns.signedBy'),
              cell: ({ signedBy }) => <bdi>{signedBy.join(', ') || '—'}</bdi>,
            },
            { id: 'marks', header: t('columns.marks'), cell: (block) => <Marks block={block} /> },
          ]}
        />
      )}
    </QueryState>
  );
}
