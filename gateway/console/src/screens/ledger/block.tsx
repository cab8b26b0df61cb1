// One block of the ledger.
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'wouter';
import { useApi, useApiPages } from '../../api/queries.ts';
import { Code } from '../../components/copy.tsx';
import { Facts } from '../../components/figure.tsx';
import { Term } from '../../components/meaning.tsx';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import styles from './ledger.module.css';
import type { LedgerBlock } from './ledger-types.ts';
import { Marks } from './marks.tsx';
import { TransactionTable } from './transaction-table.tsx';

export default function Block() {
  const { t } = useTranslation('ledger');
  const { block: asked = '' } = useParams<{ block: string }>();
  // Anything that is no number is a block that nobody has.
  const number = /^\d{1,10}$/.test(asked) ? Number(asked) : 2 ** 32;
  const block = useApi('getLedgerBlock', { path: { number } });
  return (
    <Page title={t('block.title', { number: asked })} crumbs={[{ title: t('title'), to: '/ledger' }]}>
      <QueryState query={block}>
        {(found) => (
          <>
            <BlockFacts block={found} />
            <Section title={t('block.transactions')} isPlain>
              {found.isConfiguration ? (
                <p className="soft">{t('block.configurationLead')}</p>
              ) : (
                <BlockTransactions number={number} />
              )}
            </Section>
            <Neighbours number={number} />
          </>
        )}
      </QueryState>
    </Page>
  );
}

function BlockFacts({ block }: { readonly block: LedgerBlock }) {
  const { t } = useTranslation('ledger');
  const { number, hash, previousHash, dataHash, at, transactions, withoutEffect, signedBy } = block;
  const without = withoutEffect > 0 ? `, ${t('block.withoutEffect', { count: withoutEffect })}` : '';
  const facts = [
    [
      <Term key="h" meaning={t('block.hashMeaning')}>
        {t('block.hash')}
      </Term>,
      <Code key="v" text={hash} />,
    ] as const,
    ...(previousHash === null
      ? []
      : [[t('block.previousHash'), <Code key="p" text={previousHash} />] as const]),
    ...(dataHash === '' ? [] : [[t('block.dataHash'), <Code key="d" text={dataHash} />] as const]),
    ...(at === null ? [] : [[t('block.time'), <Time key="t" at={at} form="both" />] as const]),
    [t('block.transactions'), `${formatCount(transactions)}${without}`] as const,
    [
      t('block.signedBy'),
      <bdi key="s">{number === 0 ? t('block.signedByNobody') : signedBy.join(', ') || '—'}</bdi>,
    ] as const,
    [t('columns.marks'), <Marks key="m" block={block} />] as const,
  ];
  return (
    <Section title={t('block.facts')}>
      <Facts facts={facts} />
    </Section>
  );
}

function BlockTransactions({ number }: { readonly number: number }) {
  const found = useApiPages('listTransactions', { query: { block: number, limit: 200 } });
  return (
    <QueryState query={found}>
      {(rows) => (
        <TransactionTable
          rows={rows.toSorted((one, other) => one.place - other.place)}
          more={found.more}
          isOfBlock
        />
      )}
    </QueryState>
  );
}

function Neighbours({ number }: { readonly number: number }) {
  const { t } = useTranslation('ledger');
  const { data } = useApi('getLedger');
  return (
    <nav className={styles.row} aria-label={t('tabs.blocks')}>
      {number > 0 && <Link href={`/ledger/blocks/${number - 1}`}>{t('block.before')}</Link>}
      {number + 1 < (data?.checked ?? 0) && (
        <Link href={`/ledger/blocks/${number + 1}`}>{t('block.after')}</Link>
      )}
    </nav>
  );
}
