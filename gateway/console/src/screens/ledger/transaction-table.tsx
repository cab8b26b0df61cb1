// Transactions in a table: what, who, about what, when, and whether it took effect.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Meaning } from '../../components/meaning.tsx';
import { HospitalName } from '../../components/names.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table, type TableProps } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import styles from './ledger.module.css';
import type { ListedTransaction } from './ledger-types.ts';
import { subjectAddress, subjectName, wordName } from './ledger-words.ts';

/** A transaction's name in words; its own name where the catalogue has none. */
export function useTransactionWords(): (name: string) => string {
  const { t } = useTranslation('ledger');
  const words = t('words', { returnObjects: true });
  return (name) => {
    const known = wordName(name, words);
    if (known !== undefined) return t(`words.${known}`);
    return name === '' ? t('unknownWord') : name;
  };
}

export function Subjects({ subjects }: { readonly subjects: ListedTransaction['subjects'] }) {
  const { t } = useTranslation('ledger');
  const names = t('subjects', { returnObjects: true });
  return (
    <span className={styles.subjects}>
      {subjects.map(({ kind, id }) => (
        <span key={`${kind} ${id}`}>
          <span className="soft">{t(`subjects.${subjectName(kind, names)}`)}</span>{' '}
          <Link href={subjectAddress({ kind, id })}>
            <bdi>{id}</bdi>
          </Link>
        </span>
      ))}
    </span>
  );
}

export function Effect({ code }: { readonly code: string | null }) {
  const { t } = useTranslation('ledger');
  const meaning = code === null ? t('effect.meaningValid') : t('effect.meaningInvalid', { code });
  return (
    <Meaning meaning={meaning} className={styles.nowrap}>
      <StateBadge state={code === null ? 'valid' : 'invalid'} />
    </Meaning>
  );
}

export interface TransactionTableProps {
  readonly rows: readonly ListedTransaction[];
  readonly more?: TableProps<ListedTransaction>['more'];
  /** Of one block, whose number is said already. */
  readonly isOfBlock?: boolean;
}

export function TransactionTable({ rows, more, isOfBlock = false }: TransactionTableProps) {
  const { t } = useTranslation('ledger');
  const wordsOf = useTransactionWords();
  const block: Column<ListedTransaction> = {
    id: 'block',
    header: t('columns.block'),
    isNumber: true,
    cell: (row) => <Link href={`/ledger/blocks/${row.block}`}>{row.block}</Link>,
  };
  const columns: Column<ListedTransaction>[] = [
    {
      id: 'what',
      header: t('columns.what'),
      isRowHeader: true,
      cell: ({ transactionId, transaction }) => (
        <Link href={`/ledger/transactions/${encodeURIComponent(transactionId)}`}>
          <bdi>{wordsOf(transaction)}</bdi>
        </Link>
      ),
    },
    { id: 'who', header: t('columns.who'), cell: ({ sender }) => <HospitalName mspId={sender.mspId} /> },
    { id: 'about', header: t('columns.about'), cell: ({ subjects }) => <Subjects subjects={subjects} /> },
    {
      id: 'time',
      header: t('columns.time'),
      cell: ({ at }) => (
        <span className={styles.nowrap}>
          <Time at={at} form="absolute" />
        </span>
      ),
    },
    ...(isOfBlock ? [] : [block]),
    {
      id: 'effect',
      header: t('columns.effect'),
      cell: ({ validationCode }) => <Effect code={validationCode} />,
    },
  ];
  return (
    <Table
      caption={t('transactionsCaption')}
      isCaptionUnseen
      columns={columns}
      rows={rows}
      rowKey={({ block: number, place }) => `${number}/${place}`}
      {...(more !== undefined && { more })}
    />
  );
}
