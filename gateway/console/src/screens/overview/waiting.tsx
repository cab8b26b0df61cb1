// Studies that ask for datasets of this hospital, which has not answered.
import type { StudySummary } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { apiQuery, useApi, useApiPages } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { DatasetName, HospitalName, useDatasets } from '../../components/names.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { Time } from '../../components/time.tsx';
import styles from './overview.module.css';

/** A study and the datasets of this hospital whose answer it waits for. */
interface Waiting {
  readonly study: StudySummary;
  readonly datasets: readonly string[];
}

export function WaitingStudies() {
  const { t } = useTranslation('overview');
  const { hospital } = useSession();
  const datasets = useDatasets();
  const studies = useApiPages('listStudies', { query: { state: 'proposed', limit: 50 } });
  const consents = useApi('listOpenConsents', { path: { mspId: hospital.mspId }, query: { limit: 100 } });
  const own = new Set(
    [...datasets.values()].filter(({ owner }) => owner === hospital.mspId).map(({ datasetId }) => datasetId),
  );
  const asking = (studies.data ?? []).filter((study) => study.datasets.some((one) => own.has(one)));
  const declines = useQueries({
    queries: asking.map(({ studyId }) =>
      apiQuery('listDeclines', { path: { studyId }, query: { owner: hospital.mspId } }),
    ),
  });
  const answered = new Set([
    ...(consents.data?.items ?? []).map(({ studyId, datasetId }) => `${studyId} ${datasetId}`),
    ...declines
      .flatMap(({ data }) => data?.items ?? [])
      .map(({ studyId, datasetId }) => `${studyId} ${datasetId}`),
  ]);
  const waiting: Waiting[] = asking
    .map((study) => ({
      study,
      datasets: study.datasets.filter((one) => own.has(one) && !answered.has(`${study.studyId} ${one}`)),
    }))
    .filter((one) => one.datasets.length > 0);
  const isAsked = consents.data !== undefined && declines.every(({ isPending }) => !isPending);
  const query = { ...studies, data: isAsked ? studies.data && waiting : undefined };
  return (
    <QueryState
      query={query}
      empty={<Empty title={t('waiting.none')}>{t('waiting.noneDetail')}</Empty>}
      lines={2}
    >
      {(items) => (
        <ul className={styles.list}>
          {items.map((one) => (
            <WaitingStudy key={one.study.studyId} {...one} />
          ))}
        </ul>
      )}
    </QueryState>
  );
}

function WaitingStudy({ study, datasets }: Waiting) {
  const { t } = useTranslation('overview');
  const { t: word } = useTranslation();
  const mayConsent = useMay('grantConsent');
  const { studyId, title, purpose, requester, proposedAt, rounds } = study;
  const to = `/studies/${encodeURIComponent(studyId)}`;
  return (
    <li className={styles.entry}>
      <h3 className={styles.entryTitle}>
        <Link href={to}>
          <bdi>{title}</bdi>
        </Link>
      </h3>
      <p className="small soft">
        {t('waiting.by')} <HospitalName mspId={requester} /> · <Time at={proposedAt} /> ·{' '}
        {word(`purposes.${purpose}`)} · {t('waiting.rounds', { count: rounds })}
      </p>
      <ul className={styles.links}>
        {datasets.map((datasetId) => (
          <li key={datasetId}>
            <DatasetName datasetId={datasetId} />{' '}
            <Link href={`${to}/consent/${encodeURIComponent(datasetId)}`}>
              {mayConsent ? t('waiting.decide') : t('waiting.read')}
            </Link>
          </li>
        ))}
      </ul>
    </li>
  );
}
