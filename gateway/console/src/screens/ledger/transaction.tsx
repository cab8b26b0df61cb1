// One transaction of the ledger: who, what, about what, who endorsed it, and what it read and wrote.
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'wouter';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Code } from '../../components/copy.tsx';
import { EvidenceButton } from '../../components/evidence-button.tsx';
import { Facts } from '../../components/figure.tsx';
import { Term } from '../../components/meaning.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { Time } from '../../components/time.tsx';
import styles from './ledger.module.css';
import type { TransactionAnswer } from './ledger-types.ts';
import { Marks } from './marks.tsx';
import { TransactionRows } from './transaction-rows.tsx';
import { Effect, Subjects, useTransactionWords } from './transaction-table.tsx';

export default function Transaction() {
  const { t } = useTranslation('ledger');
  const { transactionId = '' } = useParams<{ transactionId: string }>();
  const wordsOf = useTransactionWords();
  const transaction = useApi('getTransaction', { path: { transactionId } });
  const { data } = transaction;
  const title = data === undefined ? t('transaction.title') : wordsOf(data.transaction);
  return (
    <Page
      title={title}
      crumbs={[{ title: t('title'), to: '/ledger' }]}
      beside={<Code text={transactionId} length={16} />}
      {...(data?.state === 'committed' && {
        actions: <EvidenceButton subject={{ kind: 'transaction', transactionId }} />,
      })}
    >
      <QueryState query={transaction}>{(found) => <Found transaction={found} />}</QueryState>
    </Page>
  );
}

function Found({ transaction }: { readonly transaction: TransactionAnswer }) {
  const { t } = useTranslation('ledger');
  const { state, validationCode, recorded, transactionId } = transaction;
  const mayRows = useMay('getTransactionRows');
  return (
    <>
      {state === 'invalid' && (
        <Notice tone="bad" title={t('transaction.invalidTitle')}>
          {t('transaction.invalidText', { code: validationCode })}
        </Notice>
      )}
      {state === 'sent' && <Notice title={t('transaction.sentTitle')}>{t('transaction.sentText')}</Notice>}
      {recorded === null ? (
        state !== 'sent' && <Notice title={t('transaction.unrecorded')} />
      ) : (
        <>
          <RecordedFacts transaction={transaction} recorded={recorded} />
          <Argument argument={recorded.argument} />
          {mayRows && <TransactionRows transactionId={transactionId} />}
        </>
      )}
    </>
  );
}

type Recorded = NonNullable<TransactionAnswer['recorded']>;

/** Ids that the argument names, as lists of transactions have them. */
function subjectsIn(argument: unknown): { kind: string; id: string }[] {
  if (typeof argument !== 'object' || argument === null) return [];
  return Object.entries(argument).flatMap(([field, id]) => {
    const kind = /^([a-z]+)Id$/.exec(field)?.[1];
    return kind === undefined || typeof id !== 'string'
      ? []
      : [{ kind: kind === 'msp' ? 'member' : kind, id }];
  });
}

function RecordedFacts({
  transaction,
  recorded,
}: {
  readonly transaction: TransactionAnswer;
  readonly recorded: Recorded;
}) {
  const { t } = useTranslation('ledger');
  const { t: word } = useTranslation();
  const { sender, at, block, place, endorsers, name, argument } = recorded;
  const roles = word('roles', { returnObjects: true });
  const role = sender.role !== null && Object.hasOwn(roles, sender.role) ? sender.role : undefined;
  const subjects = subjectsIn(argument);
  const facts = [
    [
      t('transaction.what'),
      <span key="w" className={styles.row}>
        <code>{name}</code>
        <Effect code={transaction.validationCode} />
      </span>,
    ] as const,
    [
      t('transaction.by'),
      <span key="b">
        <HospitalName mspId={sender.mspId} />{' '}
        {role !== undefined && t('transaction.role', { role: word(`roles.${role as 'steward'}`) })}
      </span>,
    ] as const,
    ...(sender.person === null
      ? []
      : [[t('transaction.person'), <bdi key="p">{sender.person}</bdi>] as const]),
    [t('transaction.time'), <Time key="t" at={at} form="both" />] as const,
    [
      t('transaction.block'),
      <Link key="l" href={`/ledger/blocks/${block}`}>
        {t('transaction.place', { block, place })}
      </Link>,
    ] as const,
    ...(subjects.length === 0
      ? []
      : [[t('transaction.about'), <Subjects key="s" subjects={subjects} />] as const]),
    [
      <Term key="e" meaning={t('transaction.endorsersMeaning')}>
        {t('transaction.endorsers')}
      </Term>,
      <span key="n" className={styles.subjects}>
        {endorsers.map((mspId) => (
          <HospitalName key={mspId} mspId={mspId} />
        ))}
      </span>,
    ] as const,
    [t('columns.marks'), <BlockMarks key="m" number={block} />] as const,
  ];
  return (
    <Section title={t('transaction.facts')}>
      <Facts facts={facts} />
    </Section>
  );
}

function BlockMarks({ number }: { readonly number: number }) {
  const { data } = useApi('getLedgerBlock', { path: { number } });
  return data === undefined ? null : <Marks block={data} />;
}

function Argument({ argument }: { readonly argument: unknown }) {
  const { t } = useTranslation('ledger');
  return (
    <Section title={t('transaction.argument')} lead={t('transaction.argumentLead')}>
      {argument === null ? (
        <p className="soft">{t('transaction.noArgument')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        <pre className={styles.json} tabIndex={0}>
          {JSON.stringify(argument, undefined, 2)}
        </pre>
      )}
    </Section>
  );
}
