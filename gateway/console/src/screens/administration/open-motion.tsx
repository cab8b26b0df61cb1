// One motion that is open: what it asks, how the votes are, and this hospital's vote.
import type { Motion, StudySummary } from '@consilium/client/browser';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useApi, useApiAction } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { Epsilon } from '../../components/epsilon.tsx';
import { DatasetName, HospitalName } from '../../components/names.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import { formatDuration } from '../../format/times.ts';
import { claimsOf } from '../study/own-claims.ts';
import { useRecord } from '../study/study-queries.ts';
import styles from './administration.module.css';

/** What a motion asks, in words. */
export function MotionSentence({ motion: { kind, amendment } }: { readonly motion: Motion }) {
  const { t } = useTranslation('administration');
  const { rounds, roundDeadlineSeconds, validationMinimum, quorum, addDatasets } = amendment ?? {};
  const changes = [
    ...(rounds === undefined ? [] : [t('motions.rounds', { rounds })]),
    ...(roundDeadlineSeconds === undefined
      ? []
      : [t('motions.roundDeadline', { time: formatDuration(roundDeadlineSeconds) })]),
    ...(validationMinimum === undefined ? [] : [t('motions.minimum', { minimum: validationMinimum })]),
    ...(quorum === undefined ? [] : [t('motions.quorum', { ...quorum })]),
    ...(addDatasets === undefined ? [] : [t('motions.addDatasets', { datasets: addDatasets.join(', ') })]),
  ];
  return kind === 'amend' ? <bdi>{changes.join('; ')}</bdi> : t(`motions.kinds.${kind}`);
}

export function OpenMotion({ study, motion }: { readonly study: StudySummary; readonly motion: Motion }) {
  const { t } = useTranslation('administration');
  const { studyId } = study;
  const record = useApi('getMotion', { path: { studyId, motion: motion.motion } });
  const mayVote = useMay('castVote');
  return (
    <li className={styles.card}>
      <div>
        <div className={styles.cardHead}>
          <h3>
            <MotionSentence motion={motion} />
          </h3>
          <StateBadge state={motion.state} />
        </div>
        <p className="small soft">
          {t('motions.ofStudy')}{' '}
          <Link href={`/studies/${encodeURIComponent(studyId)}`}>
            <bdi>{study.title}</bdi>
          </Link>{' '}
          · <HospitalName mspId={motion.movedBy} /> · <Time at={motion.movedAt} />
        </p>
        <p className={styles.reason}>
          <bdi>“{motion.reason}”</bdi>
        </p>
      </div>
      <QueryState query={record} lines={2}>
        {({ votes }) =>
          votes.length === 0 ? (
            <p className="soft">{t('motions.noVotes')}</p>
          ) : (
            <ul className={styles.votes} aria-label={t('motions.votes')}>
              {votes.map((vote) => (
                <li key={vote.mspId}>
                  <StateBadge state={vote.accept ? 'for' : 'against'} />
                  <HospitalName mspId={vote.mspId} />
                  <span className="small soft">
                    {!vote.complete && `${t('motions.incomplete')} · `}
                    <Time at={vote.votedAt} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </QueryState>
      {mayVote && <VoteButtons study={study} motion={motion} />}
    </li>
  );
}

function VoteButtons({
  study: { studyId },
  motion,
}: {
  readonly study: StudySummary;
  readonly motion: Motion;
}) {
  const { t } = useTranslation('administration');
  const say = useToast();
  const vote = useApiAction('castVote');
  const { hospital } = useSession();
  const { data: found } = useRecord(studyId);
  const claims = found === undefined ? [] : claimsOf(motion.amendment, { ...found, mspId: hospital.mspId });
  const cast = async (accept: boolean) => {
    await vote.mutateAsync({
      path: { studyId, motion: motion.motion },
      body: { accept, ...(accept && claims.length > 0 && { claims }) },
    });
    say(t('voted'), 'good');
  };
  return (
    <div className={styles.buttons}>
      <ConfirmButton
        label={t('motions.accept')}
        title={t('motions.acceptTitle')}
        tone="primary"
        isDisabled={found === undefined && motion.amendment?.rounds !== undefined}
        onConfirm={() => cast(true)}
      >
        <p>{t(motion.kind === 'amend' ? 'motions.acceptAmend' : 'motions.acceptPause')}</p>
        {claims.map(({ datasetId, claimedEpsilon }) => (
          <p key={datasetId}>
            {t('motions.claim')} <DatasetName datasetId={datasetId} />:{' '}
            <Epsilon value={claimedEpsilon.training} /> ({t('motions.training')}),{' '}
            <Epsilon value={claimedEpsilon.heldOut} /> ({t('motions.heldOut')})
          </p>
        ))}
      </ConfirmButton>
      <ConfirmButton
        label={t('motions.refuse')}
        title={t('motions.refuseTitle')}
        tone="plain"
        onConfirm={() => cast(false)}
      >
        <p>{t('motions.refuseDetail')}</p>
      </ConfirmButton>
    </div>
  );
}
