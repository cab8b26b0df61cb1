// The rows that a transaction read and wrote. They are asked of the block itself, so only where someone wants them.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { apiQuery } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import styles from './ledger.module.css';
import type { RowsAnswer } from './ledger-types.ts';
import { rowAddress } from './ledger-words.ts';

export function TransactionRows({ transactionId }: { readonly transactionId: string }) {
  const { t } = useTranslation('ledger');
  const [isAsked, setAsked] = useState(false);
  const rows = useQuery({
    ...apiQuery('getTransactionRows', { path: { transactionId } }),
    enabled: isAsked,
  });
  return (
    <Section title={t('transaction.rows')} lead={t('transaction.rowsLead')}>
      {isAsked ? (
        <QueryState query={rows}>{(found) => <Rows found={found} />}</QueryState>
      ) : (
        <Button onPress={() => setAsked(true)}>{t('transaction.showRows')}</Button>
      )}
    </Section>
  );
}

type Read = RowsAnswer['reads'][number];
type Written = RowsAnswer['writes'][number];
type Named = Pick<Read, 'chaincode' | 'kind' | 'key'>;

function RowName({ row: { chaincode, kind, key } }: { readonly row: Named }) {
  const address = rowAddress(kind, key);
  const name = `${kind ?? chaincode} ${key.join(' · ')}`;
  return address === undefined ? (
    <bdi className="mono">{name}</bdi>
  ) : (
    <Link href={address}>
      <bdi>{name}</bdi>
    </Link>
  );
}

const keyOf = ({ chaincode, kind, key }: Named): string => JSON.stringify([chaincode, kind, key]);

function Rows({ found }: { readonly found: RowsAnswer }) {
  const { t } = useTranslation('ledger');
  const named = <T extends Named>(): Column<T> => ({
    id: 'row',
    header: t('transaction.row'),
    isRowHeader: true,
    cell: (row) => <RowName row={row} />,
  });
  return (
    <div className={styles.stack}>
      <List<Written>
        title={t('transaction.writes')}
        rows={found.writes}
        columns={[
          named(),
          {
            id: 'change',
            header: t('transaction.change'),
            cell: ({ deleted }) => t(deleted ? 'transaction.deleted' : 'transaction.written'),
          },
        ]}
      />
      <List<Read>
        title={t('transaction.reads')}
        rows={found.reads}
        columns={[
          named(),
          {
            id: 'version',
            header: t('transaction.version'),
            cell: ({ version }) =>
              version === null ? (
                t('transaction.versionNone')
              ) : (
                <Link href={`/ledger/blocks/${version.block}`}>{t('transaction.place', { ...version })}</Link>
              ),
          },
        ]}
      />
      {found.policies.length > 0 && (
        <List<Named> title={t('transaction.policies')} rows={found.policies} columns={[named()]} />
      )}
      {!found.complete && <p className="soft">{t('transaction.incomplete')}</p>}
    </div>
  );
}

function List<T extends Named>({
  title,
  rows,
  columns,
}: {
  readonly title: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
}) {
  const { t } = useTranslation('ledger');
  if (rows.length === 0) {
    return (
      <div>
        <h3>{title}</h3>
        <p className="soft">{t('transaction.none')}</p>
      </div>
    );
  }
  return <Table caption={title} columns={columns} rows={rows} rowKey={keyOf} />;
}
