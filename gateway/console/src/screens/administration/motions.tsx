// Motions of all studies: what hospitals decide together about a study that runs.
import type { Motion, StudySummary } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { apiQuery, useApiPages } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import styles from './administration.module.css';
import { MoveMotion } from './move-motion.tsx';
import { OfficePage } from './office-page.tsx';
import { MotionSentence, OpenMotion } from './open-motion.tsx';

/** A motion with the title of its study. */
export interface MotionOfStudy {
  readonly motion: Motion;
  readonly study: StudySummary;
}

export default function Motions() {
  const { t } = useTranslation('administration');
  const studies = useApiPages('listStudies', { query: { limit: 100 } });
  // Those that never ran have none.
  const asked = (studies.data ?? []).filter(({ startedAt }) => startedAt !== undefined);
  const lists = useQueries({
    queries: asked.map(({ studyId }) =>
      apiQuery('listMotions', { path: { studyId }, query: { limit: 100 } }),
    ),
  });
  const motions: MotionOfStudy[] = asked.flatMap((study, index) =>
    (lists[index]?.data?.items ?? []).map((motion) => ({ study, motion })),
  );
  const isAsked = studies.data !== undefined && lists.every(({ isPending }) => !isPending);
  const failed = lists.find(({ error }) => error !== null);
  const query = { ...(failed ?? studies), data: isAsked ? motions : undefined };
  const running = asked.filter(({ state }) => state === 'running' || state === 'paused');
  return (
    <OfficePage part="motions" actions={<MoveButton studies={running} />}>
      <QueryState query={query} isEmpty={() => false}>
        {(all) => (
          <>
            <Section title={t('motions.open')} isPlain>
              <OpenMotions motions={all.filter(({ motion }) => motion.state === 'open')} />
            </Section>
            <Section title={t('motions.decided')}>
              <Decided motions={all.filter(({ motion }) => motion.state !== 'open')} />
            </Section>
          </>
        )}
      </QueryState>
    </OfficePage>
  );
}

function MoveButton({ studies }: { readonly studies: readonly StudySummary[] }) {
  const { t } = useTranslation('administration');
  const [isOpen, setOpen] = useState(false);
  const mayMove = useMay('moveMotion');
  if (!mayMove || studies.length === 0) return null;
  return (
    <>
      <Button tone="primary" onPress={() => setOpen(true)}>
        {t('motions.move')}
      </Button>
      {isOpen && <MoveMotion studies={studies} onClose={() => setOpen(false)} />}
    </>
  );
}

function OpenMotions({ motions }: { readonly motions: readonly MotionOfStudy[] }) {
  const { t } = useTranslation('administration');
  if (motions.length === 0) return <Empty title={t('motions.none')}>{t('motions.noneDetail')}</Empty>;
  return (
    <ul className={styles.list}>
      {motions.map(({ study, motion }) => (
        <OpenMotion key={`${study.studyId} ${motion.motion}`} study={study} motion={motion} />
      ))}
    </ul>
  );
}

function Decided({ motions }: { readonly motions: readonly MotionOfStudy[] }) {
  const { t } = useTranslation('administration');
  if (motions.length === 0) return <Empty title={t('motions.noneDecided')} />;
  const columns: readonly Column<MotionOfStudy>[] = [
    {
      id: 'study',
      header: t('motions.study'),
      isRowHeader: true,
      cell: ({ study }) => (
        <Link href={`/studies/${encodeURIComponent(study.studyId)}`}>
          <bdi>{study.title}</bdi>
        </Link>
      ),
      sortBy: ({ study }) => study.title,
    },
    { id: 'what', header: t('motions.what'), cell: ({ motion }) => <MotionSentence motion={motion} /> },
    {
      id: 'state',
      header: t('motions.state'),
      cell: ({ motion }) => <StateBadge state={motion.state} />,
      sortBy: ({ motion }) => motion.state,
    },
    { id: 'by', header: t('motions.by'), cell: ({ motion }) => <HospitalName mspId={motion.movedBy} /> },
    {
      id: 'at',
      header: t('motions.decidedAt'),
      cell: ({ motion }) => <Time at={motion.decidedAt ?? motion.movedAt} form="absolute" />,
      sortBy: ({ motion }) => motion.decidedAt ?? motion.movedAt,
    },
  ];
  return (
    <Table
      caption={t('motions.decided')}
      isCaptionUnseen
      columns={columns}
      rows={motions}
      rowKey={({ study, motion }) => `${study.studyId} ${motion.motion}`}
    />
  );
}
