// How a study goes: the round of now and who is at work in it, the scores so far, and who accepted what.
import type { RoundDossier, StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { Figure, Figures } from '../../components/figure.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { DatasetName, HospitalName, useHospitalTitle } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time, useNow } from '../../components/time.tsx';
import { formatDuration } from '../../format/times.ts';
import { type Part, type PartState, progressOf, type RoundProgress, type Stage } from './round-progress.ts';
import { Scores } from './scores.tsx';
import styles from './study.module.css';
import { useOwnJob, useRecord } from './study-queries.ts';
import { Verdicts } from './verdicts.tsx';

export function Progress({ study }: { readonly study: StudyAnswer }) {
  const record = useRecord(study.studyId);
  return (
    <QueryState query={record} isEmpty={() => false} lines={6}>
      {({ rounds }) => (
        <>
          {study.state !== 'completed' && study.state !== 'aborted' && <Now study={study} rounds={rounds} />}
          <Scores study={study} rounds={rounds} />
          <Verdicts study={study} rounds={rounds} />
          <Rounds rounds={rounds} />
        </>
      )}
    </QueryState>
  );
}

interface RoundsOf {
  readonly study: StudyAnswer;
  readonly rounds: readonly RoundDossier[];
}

/** The round that is open, or why none is. */
function Now({ study, rounds }: RoundsOf) {
  const { t } = useTranslation('study');
  const nowMs = useNow();
  const last = rounds.at(-1);
  const isPaused = study.state === 'paused';
  const progress = last && progressOf(last, { nowMs, isPaused });
  if (last === undefined || progress === undefined) {
    return (
      <Notice tone={study.state === 'proposed' ? 'neutral' : 'active'} title={between(study)}>
        <OwnTrainer studyId={study.studyId} isLive={study.state === 'running'} />
      </Notice>
    );
  }
  return (
    <Section title={t('live.title', { round: last.round.round })} lead={t(`live.lead.${progress.stage}`)}>
      <div className={styles.stack}>
        <div className={styles.head}>
          <Stages stage={progress.stage} />
          <Delay progress={progress} isPaused={isPaused} />
        </div>
        <Figures>
          <Figure
            label={t('live.since')}
            value={<Time at={progress.since} />}
            isText
            meaning={t('live.sinceMeaning')}
          />
          <Figure
            label={t('live.deadline')}
            value={<Time at={progress.deadline} />}
            isText
            meaning={t('live.deadlineMeaning')}
          />
          <Figure
            label={t('live.leader')}
            value={<HospitalName mspId={progress.leader} />}
            isText
            isWide
            meaning={t('live.leaderMeaning')}
          />
        </Figures>
        <Parts progress={progress} />
        <OwnTrainer studyId={study.studyId} isLive={study.state === 'running'} />
      </div>
    </Section>
  );

  function between({ state }: StudyAnswer): string {
    if (state === 'proposed') return t('live.notStarted');
    return isPaused ? t('live.paused') : t('live.between');
  }
}

const STAGES = ['training', 'validating', 'aggregating'] as const;

function Stages({ stage }: { readonly stage: Stage }) {
  const { t } = useTranslation();
  const { t: study } = useTranslation('study');
  const at = STAGES.indexOf(stage);
  return (
    <ol className={styles.steps} aria-label={study('live.stage')}>
      {STAGES.map((name, index) => (
        <li
          key={name}
          className={`${styles.step} ${index < at ? styles.stepDone : index === at ? styles.stepNow : ''}`}
          {...(index === at && { 'aria-current': 'step' as const })}
        >
          {t(`states.${name}`)}
        </li>
      ))}
    </ol>
  );
}

/** What keeps the round from going on, said at once where it changes. */
function Delay({ progress, isPaused }: { readonly progress: RoundProgress; readonly isPaused: boolean }) {
  const { t } = useTranslation('study');
  const titleOf = useHospitalTitle();
  const waited = [
    ...new Set(progress.parts.filter(({ state }) => state === 'late').map(({ mspId }) => titleOf(mspId))),
  ];
  return (
    <div role="status">
      {isPaused ? (
        <Notice tone="warning" title={t('live.paused')} />
      ) : progress.isOverdue ? (
        <Notice tone="warning" title={t('live.overdue')}>
          <p>
            <Time at={progress.deadline} />{' '}
            <bdi>
              {waited.length > 0
                ? t('live.overdueWho', { who: waited.join(', ') })
                : t('live.waitsForLeader', { leader: titleOf(progress.leader) })}
            </bdi>
          </p>
        </Notice>
      ) : progress.waitsForLeader ? (
        <p className="soft">
          <bdi>{t('live.waitsForLeader', { leader: titleOf(progress.leader) })}</bdi>
        </p>
      ) : null}
    </div>
  );
}

const LOOKS: Readonly<Record<PartState, readonly [icon: IconName, look: string | undefined]>> = {
  'at-work': ['half', styles.partWork],
  done: ['check', styles.partDone],
  late: ['clock', styles.partLate],
  withdrawn: ['cross', styles.partOut],
  disqualified: ['warning', styles.partOut],
};

function Parts({ progress }: { readonly progress: RoundProgress }) {
  const { t } = useTranslation('study');
  const { stage, parts } = progress;
  const say = ({ state }: Part): string =>
    state === 'withdrawn' || state === 'disqualified' ? t(`parts.${state}`) : t(`parts.${stage}.${state}`);
  const columns: readonly Column<Part>[] = [
    {
      id: 'hospital',
      header: t('live.hospital'),
      isRowHeader: true,
      cell: ({ mspId }) => <HospitalName mspId={mspId} />,
    },
    ...(stage === 'training'
      ? [
          {
            id: 'dataset',
            header: t('live.dataset'),
            cell: ({ datasetId }: Part) =>
              datasetId === undefined ? null : <DatasetName datasetId={datasetId} />,
          },
        ]
      : []),
    {
      id: 'what',
      header: t('live.what'),
      cell: (part) => {
        const [icon, look] = LOOKS[part.state];
        return (
          <span className={styles.part}>
            <Icon name={icon} className={look} />
            {say(part)}
          </span>
        );
      },
    },
    { id: 'when', header: t('live.when'), cell: ({ at }) => (at === undefined ? '–' : <Time at={at} />) },
  ];
  return (
    <Table
      caption={t('live.parts')}
      columns={columns}
      rows={parts}
      rowKey={({ mspId, datasetId = '' }) => `${mspId} ${datasetId}`}
    />
  );
}

/** What the trainer of this hospital says of itself, which no ledger knows. */
function OwnTrainer({ studyId, isLive }: { readonly studyId: string; readonly isLive: boolean }) {
  const { t } = useTranslation('study');
  const { data: job } = useOwnJob(studyId, isLive);
  if (job === undefined) return null;
  const { stage, step, steps, error } = job;
  return (
    <p className="soft">
      {t('live.ownTrainer')}:{' '}
      {step !== undefined && steps !== undefined ? t('live.ownTrainerStep', { stage, step, steps }) : stage}
      {error !== undefined && <bdi> · {t('live.ownTrainerError', error)}</bdi>}
    </p>
  );
}

function Rounds({ rounds }: { readonly rounds: readonly RoundDossier[] }) {
  const { t } = useTranslation('study');
  const columns: readonly Column<RoundDossier>[] = [
    {
      id: 'round',
      header: t('rounds.round'),
      isRowHeader: true,
      sortBy: ({ round }) => round.round,
      cell: ({ round }) => round.round,
    },
    {
      id: 'state',
      header: t('rounds.state'),
      cell: ({ round }) => <StateBadge state={round.state} />,
    },
    { id: 'opened', header: t('rounds.opened'), cell: ({ round }) => <Time at={round.openedAt} /> },
    {
      id: 'took',
      header: t('rounds.took'),
      cell: ({ round: { openedAt, finalizedAt } }) =>
        finalizedAt === undefined
          ? '–'
          : formatDuration((Date.parse(finalizedAt) - Date.parse(openedAt)) / 1000),
    },
    {
      id: 'updates',
      header: t('rounds.updates'),
      cell: ({ round: { included, participants }, updates }) =>
        included === undefined
          ? t('rounds.arrived', { arrived: updates.length, participants: participants.length })
          : t('rounds.included', { included: included.length, participants: participants.length }),
    },
    {
      id: 'reason',
      header: t('rounds.reason'),
      cell: ({ round: { reason } }) => (reason === undefined ? '' : <bdi>{reason}</bdi>),
    },
  ];
  return (
    <Section title={t('rounds.title')} isPlain>
      {rounds.length === 0 ? (
        <Empty title={t('rounds.emptyTitle')}>{t('rounds.empty')}</Empty>
      ) : (
        <Table
          caption={t('rounds.caption')}
          isCaptionUnseen
          columns={columns}
          rows={rounds.toReversed()}
          rowKey={({ round }) => String(round.round)}
        />
      )}
    </Section>
  );
}
