// Events that a webhook did not take after all attempts, and their delivery once more.
import type { ListDeadLettersAnswerItem } from '@consilium/client/browser';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useApiAction, useApiPages } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { Failure, QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import styles from './administration.module.css';

export function DeadLetters({ webhookId, count }: { readonly webhookId: string; readonly count: number }) {
  const { t } = useTranslation('administration');
  const say = useToast();
  const letters = useApiPages('listDeadLetters', { path: { webhookId }, query: { limit: 20 } });
  const redeliver = useApiAction('redeliverDeadLetters');
  const mayRedeliver = useMay('redeliverDeadLetters');
  const columns: readonly Column<ListDeadLettersAnswerItem>[] = [
    {
      id: 'event',
      header: t('letters.event'),
      isRowHeader: true,
      cell: ({ event }) => <span className={styles.event}>{event}</span>,
    },
    {
      id: 'block',
      header: t('letters.block'),
      isNumber: true,
      cell: ({ blockNumber }) => <Link href={`/ledger/blocks/${blockNumber}`}>{blockNumber}</Link>,
    },
    { id: 'problem', header: t('letters.problem'), cell: ({ problem }) => problem },
    { id: 'attempts', header: t('letters.attempts'), isNumber: true, cell: ({ attempts }) => attempts },
    {
      id: 'at',
      header: t('letters.last'),
      cell: ({ lastAttemptAt, isAsked }) => (isAsked ? t('letters.asked') : <Time at={lastAttemptAt} />),
    },
  ];
  const again = () =>
    redeliver.mutate(
      { path: { webhookId }, body: {} },
      { onSuccess: () => say(t('letters.again', { count }), 'good') },
    );
  return (
    <div className={styles.form}>
      <QueryState query={letters} lines={2}>
        {(items) => (
          <Table
            caption={t('letters.title', { count })}
            columns={columns}
            rows={items}
            rowKey={({ eventId }) => eventId}
            more={letters.more}
          />
        )}
      </QueryState>
      {redeliver.error !== null && <Failure error={redeliver.error} isOfAction />}
      {mayRedeliver && (
        <div className={styles.buttons}>
          <Button isSmall isWorking={redeliver.isPending} onPress={again}>
            {t('letters.redeliver')}
          </Button>
        </div>
      )}
    </div>
  );
}
