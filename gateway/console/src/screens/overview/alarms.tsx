// What is wrong: with this gateway, with the ledger or with what peers say of it, with studies that cannot go on, and
// certificates that end soon.
import type { GetReadinessAnswer } from '@consilium/client/browser';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Icon } from '../../components/icon.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { Time, useNow } from '../../components/time.tsx';
import { endingCertificates } from './metrics-text.ts';
import styles from './overview.module.css';

const ASKED_AGAIN_MS = 60_000;
/** A certificate that ends within this many days is shown. */
const DAYS_BEFORE_END = 30;

/** Not by the client, for which an answer of 503 is none: this one says why. */
const useReadiness = () =>
  useQuery({
    queryKey: ['getReadiness', {}, {}],
    queryFn: async (): Promise<GetReadinessAnswer> => (await fetch('/readyz')).json(),
    refetchInterval: ASKED_AGAIN_MS,
  });

function useCertificates(): readonly { readonly of: string; readonly endsAtMs: number }[] {
  const now = useNow();
  const isAllowed = useMay('getMetrics');
  const { data } = useQuery({
    queryKey: ['getMetrics', {}, {}],
    queryFn: async () => (await fetch('/metrics')).text(),
    refetchInterval: 10 * ASKED_AGAIN_MS,
    enabled: isAllowed,
  });
  return data === undefined ? [] : endingCertificates(data, now, DAYS_BEFORE_END);
}

export function Alarms() {
  const { t } = useTranslation('overview');
  const attention = useApi('getAttention');
  const readiness = useReadiness();
  const certificates = useCertificates();
  const now = useNow();
  return (
    <QueryState query={attention} lines={1}>
      {({ alarms, shortStudies, oldPolicies, complete }) => {
        const broken = readiness.data?.checks.filter(({ problem }) => problem !== undefined) ?? [];
        const count =
          alarms.length + shortStudies.length + oldPolicies.length + broken.length + certificates.length;
        if (count === 0) {
          return (
            <p className={styles.fine}>
              <Icon name="check" />
              {t('alarms.none')}
            </p>
          );
        }
        return (
          <div className={styles.alarms}>
            {broken.map(({ name, problem }) => (
              <Notice key={name} tone="bad" title={t(`alarms.checks.${name}`)}>
                <p>{problem}</p>
              </Notice>
            ))}
            {alarms.map(({ mspId, text, since, stops, count: times }) => (
              <Notice
                key={`${mspId} ${text}`}
                tone="bad"
                title={stops ? t('alarms.stops') : t('alarms.ledger')}
              >
                <p>
                  <HospitalName mspId={mspId} />: {text}
                  {times !== undefined && times > 1 && ` (${t('alarms.times', { count: times })})`}
                </p>
                <p className="small">
                  {t('alarms.since')} <Time at={since} form="both" />
                </p>
              </Notice>
            ))}
            {certificates.map(({ of, endsAtMs }) => (
              <Notice
                key={of}
                tone={endsAtMs < now ? 'bad' : 'warning'}
                title={
                  endsAtMs < now ? t('alarms.certificateEnded', { of }) : t('alarms.certificateEnds', { of })
                }
              >
                <p>
                  <Time at={endsAtMs} form="both" />. {t('alarms.certificateRemedy')}
                </p>
              </Notice>
            ))}
            {shortStudies.map(({ studyId, canBeMet, lost, needed, now: has }) => (
              <Notice
                key={studyId}
                tone="warning"
                title={t(canBeMet ? 'alarms.short' : 'alarms.lost', { studyId })}
              >
                <p>
                  {lost ??
                    t('alarms.shortDetail', {
                      updates: needed.updates,
                      hasUpdates: has.updates,
                      validators: needed.validators,
                      hasValidators: has.validators,
                    })}
                </p>
                <Link href={`/studies/${encodeURIComponent(studyId)}`}>{t('alarms.toStudy')}</Link>
              </Notice>
            ))}
            {oldPolicies.length > 0 && (
              <Notice tone="warning" title={t('alarms.policies', { count: oldPolicies.length })}>
                <p>{t('alarms.policiesDetail')}</p>
              </Notice>
            )}
            {!complete && <p className="small soft">{t('alarms.more')}</p>}
          </div>
        );
      }}
    </QueryState>
  );
}
