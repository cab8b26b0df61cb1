// One study: at a glance, and then in parts: progress, plan and promise, consents, costs, motions and records.
import type { StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useParams, useSearchParams } from 'wouter';
import { useMay, useSession } from '../../app/session.tsx';
import { ButtonLink } from '../../components/button-link.tsx';
import { EvidenceButton } from '../../components/evidence-button.tsx';
import { Figure, Figures } from '../../components/figure.tsx';
import { HospitalName, useDatasets } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { Time } from '../../components/time.tsx';
import { Consents } from './consents.tsx';
import { Costs } from './costs.tsx';
import { Motions } from './motions.tsx';
import { Plan } from './plan.tsx';
import { Progress } from './progress.tsx';
import { Records } from './records.tsx';
import { RequesterActions } from './requester-actions.tsx';
import { isEnded } from './round-progress.ts';
import styles from './study.module.css';
import { useRecord, useStudy } from './study-queries.ts';

const TABS = ['progress', 'plan', 'consents', 'costs', 'decisions'] as const;
type TabName = (typeof TABS)[number];

export default function StudyScreen() {
  const { studyId = '' } = useParams<{ readonly studyId: string }>();
  const { t } = useTranslation('study');
  const study = useStudy(studyId);
  const crumbs = [{ title: t('title'), to: '/studies' }];
  const mayPropose = useMay('proposeStudy');
  const { data } = study;
  return (
    <Page
      title={data?.title ?? studyId}
      crumbs={crumbs}
      {...(data !== undefined && {
        beside: <StateBadge state={data.state} />,
        lead: <bdi>{data.question}</bdi>,
        actions: (
          <>
            <EvidenceButton subject={{ kind: 'study', studyId }} />
            {mayPropose && (
              <ButtonLink isSmall to={`/propose?like=${encodeURIComponent(studyId)}`}>
                {t('proposeLike')}
              </ButtonLink>
            )}
            <RequesterActions study={data} />
          </>
        ),
      })}
    >
      <QueryState query={study} isEmpty={() => false} lines={8}>
        {(found) => <Parts study={found} />}
      </QueryState>
    </Page>
  );
}

function Parts({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const [tab, selectTab] = useTab();
  const content: Readonly<Record<TabName, () => React.ReactNode>> = {
    progress: () => <Progress study={study} />,
    plan: () => <Plan study={study} />,
    consents: () => <Consents study={study} />,
    costs: () => <Costs study={study} />,
    decisions: () => (
      <>
        <Motions study={study} />
        <Records study={study} />
      </>
    ),
  };
  return (
    <>
      <Glance study={study} />
      <Tabs
        label={t('tabs.label')}
        selected={tab}
        onSelect={selectTab}
        tabs={TABS.map((id) => ({
          id,
          title: t(`tabs.${id}`),
          content: () => <div className={styles.tabs}>{content[id]()}</div>,
        }))}
      />
    </>
  );
}

/** Which part is shown is in the address, so that it can be sent to somebody. */
function useTab(): readonly [TabName, (tab: TabName) => void] {
  const [search, setSearch] = useSearchParams();
  const tab = TABS.find((one) => one === search.get('part')) ?? 'progress';
  return [tab, (next) => setSearch(next === 'progress' ? {} : { part: next }, { replace: true })];
}

function Glance({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  const { data: record } = useRecord(study.studyId);
  const { quorumNow: quorum } = study;
  const done = record?.rounds.filter(({ round }) => isEnded(round)).length;
  const consents = record?.consents.filter(({ state }) => state === 'granted' || state === 'settled').length;
  const { updates, validators } = study.quorum;
  const version = study.version ?? 1;
  return (
    <div className={styles.stack}>
      <Figures>
        <Figure
          label={t('glance.rounds')}
          value={done === undefined ? '–' : t('glance.roundsValue', { done, all: study.rounds })}
          meaning={t('glance.roundsMeaning')}
        />
        <Figure
          label={t('glance.consents')}
          value={
            consents === undefined
              ? '–'
              : t('glance.consentsValue', { now: consents, asked: study.datasets.length })
          }
          meaning={t('glance.consentsMeaning', { updates, validators })}
        />
        <Figure
          label={t('glance.purpose')}
          value={word(`purposes.${study.purpose}`)}
          isText
          meaning={t('glance.purposeMeaning', { code: study.purpose })}
        />
        <Figure
          label={t('glance.requester')}
          value={<HospitalName mspId={study.requester} />}
          isText
          isWide
          meaning={t('glance.requesterMeaning')}
        />
        <Figure
          label={t(study.endedAt === undefined ? 'glance.proposed' : 'glance.ended')}
          value={<Time at={study.endedAt ?? study.proposedAt} />}
          isText
          meaning={t(study.endedAt === undefined ? 'glance.proposedMeaning' : 'glance.endedMeaning')}
          {...(version > 1 && { note: t('glance.version', { version }) })}
        />
      </Figures>
      {quorum !== undefined && !quorum.isMet && (
        <Notice tone="warning" title={t(quorum.canBeMet ? 'quorum.notMet' : 'quorum.cannot')}>
          <p>
            {quorum.lost ??
              t('quorum.notMetDetail', {
                updates,
                validators,
                nowUpdates: quorum.now.updates,
                nowValidators: quorum.now.validators,
              })}
          </p>
        </Notice>
      )}
      {study.state === 'aborted' && (
        <Notice title={t('ended.title')}>
          {study.reason !== undefined && (
            <p>
              <bdi>{t('ended.reason', { reason: study.reason })}</bdi>
            </p>
          )}
        </Notice>
      )}
      <OwnLinks study={study} />
    </div>
  );
}

/** What this hospital does next with the study. */
function OwnLinks({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const { hospital } = useSession();
  const datasets = useDatasets();
  const own = study.datasets.filter((datasetId) => datasets.get(datasetId)?.owner === hospital.mspId);
  if (own.length === 0 && study.state !== 'completed') return null;
  return (
    <div className={styles.yourConsents}>
      {study.state === 'completed' && <ButtonLink to={`/models/${study.studyId}`}>{t('toModel')}</ButtonLink>}
      {own.map((datasetId) => (
        <ButtonLink key={datasetId} to={`/studies/${study.studyId}/consent/${datasetId}`}>
          {t('yourConsent', { dataset: datasets.get(datasetId)?.title ?? datasetId })}
        </ButtonLink>
      ))}
    </div>
  );
}
