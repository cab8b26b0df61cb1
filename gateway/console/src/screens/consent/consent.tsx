// The consent of one dataset to one study: what is asked, on which terms, at what cost, and the steward's answer.
import type { Consent, Dataset, Decline, StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useParams } from 'wouter';
import { useMay, useSession } from '../../app/session.tsx';
import { HospitalName, useHospitalTitle } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { Failure, Loading, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Erasures } from '../study/consents.tsx';
import { Protection } from '../study/plan.tsx';
import { useDataset, useDeclines, useMotions, useStudy } from '../study/study-queries.ts';
import { AnswerBlocks, Answering, useAnswer } from './answering.tsx';
import { Changed } from './changed.tsx';
import styles from './consent.module.css';
import { useConsent } from './consent-queries.ts';
import { standingOf, takesConsents } from './decision.ts';
import { GivenConsent, GivenRefusal } from './given.tsx';
import { StudyText, Terms } from './study-text.tsx';

export default function ConsentScreen() {
  const { studyId = '', datasetId = '' } = useParams<{ studyId: string; datasetId: string }>();
  const { t } = useTranslation('consent');
  const { t: ofStudy } = useTranslation('study');
  const titleOf = useHospitalTitle();
  const study = useStudy(studyId);
  const dataset = useDataset(datasetId);
  const consent = useConsent(studyId, datasetId);
  const declines = useDeclines(studyId);
  const decline = declines.data?.find((one) => one.datasetId === datasetId);
  const isRead = study.data !== undefined && consent.data !== undefined;
  const standing = isRead
    ? standingOf(study.data, { consent: consent.data ?? undefined, decline })
    : undefined;
  return (
    <Page
      title={t('title', { dataset: dataset.data?.title ?? datasetId })}
      crumbs={[
        { title: ofStudy('title'), to: '/studies' },
        { title: study.data?.title ?? studyId, to: `/studies/${studyId}` },
      ]}
      {...(standing !== undefined && { beside: <StateBadge state={standing} /> })}
      {...(study.data !== undefined && {
        lead: (
          <bdi>
            {t('lead', { study: study.data.title, hospital: titleOf(study.data.requester) })}
            {standing !== undefined && ` ${t(`standing.${standing}`)}`}
          </bdi>
        ),
      })}
    >
      <QueryState query={study} isEmpty={() => false} lines={8}>
        {(found) => (
          <QueryState query={dataset} isEmpty={() => false}>
            {(own) =>
              consent.data === undefined ? (
                consent.error === null ? (
                  <Loading />
                ) : (
                  <Failure error={consent.error} retry={() => void consent.refetch()} />
                )
              ) : (
                <Reading study={found} dataset={own} consent={consent.data ?? undefined} decline={decline} />
              )
            }
          </QueryState>
        )}
      </QueryState>
    </Page>
  );
}

interface ReadingProps {
  readonly study: StudyAnswer;
  readonly dataset: Dataset;
  readonly consent: Consent | undefined;
  readonly decline: Decline | undefined;
}

function Reading({ study, dataset, consent, decline }: ReadingProps) {
  const { t } = useTranslation('consent');
  const { hospital } = useSession();
  const { datasetId, owner } = dataset;
  const motions = useMotions(study.studyId);
  const titleOf = useHospitalTitle();
  const isOwn = owner === hospital.mspId;
  const isWanted = study.datasets.includes(datasetId);
  if (!isWanted && consent === undefined) {
    return (
      <Notice tone="warning" title={t('notWanted.title')}>
        <p>{t('notWanted.detail')}</p>
      </Notice>
    );
  }
  return (
    <div className={styles.parts}>
      {!isOwn && (
        <Notice title={t('notOwn.title')}>
          <p>
            <HospitalName mspId={owner} /> · {t('notOwn.detail', { hospital: titleOf(owner) })}
          </p>
        </Notice>
      )}
      {isOwn && motions.data !== undefined && (
        <Changed study={study} answers={{ consent, decline, motions: motions.data, mspId: hospital.mspId }} />
      )}
      {consent === undefined && isOwn && takesConsents(study) ? (
        <Open study={study} dataset={dataset} decline={decline} />
      ) : (
        <div className={styles.columns}>
          <div className={styles.reading}>
            <StudyText study={study} datasetId={datasetId} />
            <Protection study={study} datasetId={datasetId} />
            <Terms study={study} dataset={dataset} />
          </div>
          <div className={styles.answer}>
            {consent !== undefined && <GivenConsent study={study} consent={consent} isOwn={isOwn} />}
            {consent === undefined && decline !== undefined && <GivenRefusal decline={decline} />}
          </div>
        </div>
      )}
      {consent?.withdrawnAt !== undefined && <Erasures studyId={study.studyId} datasetId={datasetId} />}
    </div>
  );
}

/** A study that waits for the answer, or for another one. */
function Open({ study, dataset, decline }: Omit<ReadingProps, 'consent'>) {
  const { t } = useTranslation('consent');
  const { datasetId } = dataset;
  const [mayGrant, mayDecline] = [useMay('grantConsent'), useMay('declineStudy')];
  const answer = useAnswer(study.studyId, datasetId);
  return (
    <div className={styles.columns}>
      <div className={styles.reading}>
        <StudyText study={study} datasetId={datasetId} />
        <Protection study={study} datasetId={datasetId} />
        <Terms study={study} dataset={dataset} />
        <AnswerBlocks answer={answer} />
      </div>
      <div className={styles.answer}>
        {decline !== undefined && <GivenRefusal decline={decline} />}
        <Answering study={study} dataset={dataset} decline={decline} answer={answer} />
        {!mayGrant && !mayDecline && <Notice title={t('mayNotDecide')} />}
      </div>
    </div>
  );
}
