// Rounds under way, of every study that runs.
import type { Round, StudySummary } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { apiQuery, useApi } from '../../api/queries.ts';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time, useNow } from '../../components/time.tsx';

interface Running {
  readonly study: StudySummary;
  /** The last that was opened; none yet where absent. */
  readonly round: Round | undefined;
}

const ENDED: ReadonlySet<string> = new Set(['finalized', 'aborted']);

export function RoundsUnderWay() {
  const { t } = useTranslation('overview');
  const now = useNow();
  const running = useApi('listStudies', { query: { state: 'running', limit: 50 } });
  const paused = useApi('listStudies', { query: { state: 'paused', limit: 50 } });
  const studies = [...(running.data?.items ?? []), ...(paused.data?.items ?? [])];
  const rounds = useQueries({
    queries: studies.map(({ studyId }) =>
      apiQuery('listRounds', { path: { studyId }, query: { limit: 100 } }),
    ),
  });
  const rows: Running[] = studies.map((study, index) => ({
    study,
    round: rounds[index]?.data?.items.at(-1),
  }));
  const isAsked = paused.data !== undefined && rounds.every(({ isPending }) => !isPending);
  const query = { ...running, data: isAsked ? running.data && rows : undefined };
  const columns: readonly Column<Running>[] = [
    {
      id: 'study',
      header: t('rounds.study'),
      isRowHeader: true,
      cell: ({ study }) => (
        <Link href={`/studies/${encodeURIComponent(study.studyId)}`}>
          <bdi>{study.title}</bdi>
        </Link>
      ),
    },
    {
      id: 'round',
      header: t('rounds.round'),
      cell: ({ study, round }) => t('rounds.of', { round: round?.round ?? '–', rounds: study.rounds }),
    },
    {
      id: 'state',
      header: t('rounds.state'),
      cell: ({ study, round }) => (
        <StateBadge state={study.state === 'paused' ? 'paused' : (round?.state ?? 'waiting')} />
      ),
    },
    {
      id: 'progress',
      header: t('rounds.progress'),
      cell: ({ round }) =>
        round?.state === 'training'
          ? t('rounds.updates', { has: round.updates?.length ?? 0, of: round.participants.length })
          : round === undefined
            ? t('rounds.notBegun')
            : t(`rounds.doing.${round.state}`),
    },
    {
      id: 'deadline',
      header: t('rounds.deadline'),
      cell: ({ study, round }) => {
        if (round === undefined || ENDED.has(round.state) || study.state === 'paused') return '–';
        const isOverdue = Date.parse(round.deadline) < now;
        return (
          <>
            <Time at={round.deadline} /> {isOverdue && <StateBadge state="overdue" />}
          </>
        );
      },
    },
  ];
  return (
    <QueryState
      query={query}
      empty={<Empty title={t('rounds.none')}>{t('rounds.noneDetail')}</Empty>}
      lines={2}
    >
      {(items) => (
        <Table
          caption={t('rounds.title')}
          isCaptionUnseen
          columns={columns}
          rows={items}
          rowKey={({ study }) => study.studyId}
        />
      )}
    </QueryState>
  );
}
