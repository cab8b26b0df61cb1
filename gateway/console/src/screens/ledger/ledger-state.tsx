// The ledger as a whole: how long it is, how far it was checked here, and who sees the same.
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Figure, Figures } from '../../components/figure.tsx';
import { useHospitalTitle } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import styles from './ledger.module.css';

export function LedgerState() {
  const { t } = useTranslation('ledger');
  const mayAlarms = useMay('getAttention');
  const ledger = useApi('getLedger');
  return (
    <Section title={t('state.title')}>
      <QueryState query={ledger}>
        {({ height, checked, witnessed }) => (
          <div className={styles.stack}>
            <Figures>
              <Figure
                label={t('state.height')}
                value={formatCount(height)}
                meaning={t('state.heightMeaning')}
              />
              <Figure
                label={t('state.checked')}
                value={formatCount(checked)}
                meaning={t('state.checkedMeaning')}
                note={
                  checked >= height
                    ? t('state.checkedAll')
                    : t('state.checkedLeft', { count: height - checked })
                }
              />
              <Peers />
              <Witnesses witnessed={witnessed} />
              {mayAlarms && <Alarms />}
            </Figures>
            {mayAlarms && <AlarmTexts />}
          </div>
        )}
      </QueryState>
    </Section>
  );
}

/** Whose peers sent the newest block that was checked. */
function Peers() {
  const { t } = useTranslation('ledger');
  const title = useHospitalTitle();
  const { data } = useApi('listLedgerBlocks', { query: { limit: 1 } });
  const agreed = data?.items[0]?.agreed ?? [];
  return (
    <Figure
      label={t('state.peers')}
      value={formatCount(agreed.length)}
      meaning={t('state.peersMeaning')}
      note={<bdi>{agreed.map(title).join(', ')}</bdi>}
      isWide={agreed.length > 1}
    />
  );
}

interface Witnessed {
  readonly mspId: string;
  readonly block?: number;
}

function Witnesses({ witnessed }: { readonly witnessed: readonly Witnessed[] }) {
  const { t } = useTranslation('ledger');
  const title = useHospitalTitle();
  const seen = witnessed.filter(({ block }) => block !== undefined);
  const least = Math.min(...seen.map(({ block }) => block!));
  return (
    <Figure
      isWide={seen.length > 1}
      label={t('state.witnesses')}
      value={formatCount(seen.length)}
      meaning={t('state.witnessesMeaning')}
      note={
        seen.length === 0 ? (
          t('state.witnessNone')
        ) : (
          <bdi>
            {seen.map(({ mspId }) => title(mspId)).join(', ')}, {t('state.witnessUpTo', { block: least })}
          </bdi>
        )
      }
    />
  );
}

function Alarms() {
  const { t } = useTranslation('ledger');
  const { data } = useApi('getAttention');
  if (data === undefined) return null;
  const count = data.alarms.length;
  return (
    <Figure
      label={t('state.alarms')}
      value={formatCount(count)}
      meaning={t('state.alarmsMeaning')}
      {...(count === 0 && { note: t('state.alarmsNone') })}
    />
  );
}

function AlarmTexts() {
  const { t } = useTranslation('ledger');
  const { data } = useApi('getAttention');
  return (data?.alarms ?? []).map(({ mspId, text, since, stops }) => (
    <Notice key={`${mspId} ${since} ${text}`} tone={stops ? 'bad' : 'warning'} title={<bdi>{text}</bdi>}>
      <p>
        <bdi>{mspId}</bdi> · <Time at={since} form="both" />
      </p>
      {stops && <p>{t('state.alarmStops')}</p>}
    </Notice>
  ));
}
