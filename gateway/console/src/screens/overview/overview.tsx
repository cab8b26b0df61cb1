// What a hospital sees first: what is wrong, what waits for it, what is under way, and what is left of its budgets.
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Alarms } from './alarms.tsx';
import { Datasets } from './datasets.tsx';
import styles from './overview.module.css';
import { RoundsUnderWay } from './rounds.tsx';
import { WaitingStudies } from './waiting.tsx';

export default function Overview() {
  const { t } = useTranslation('overview');
  const mayAttention = useMay('getAttention');
  const mayStudies = useMay('listStudies', 'listOpenConsents', 'listDeclines', 'listDatasets');
  const mayRounds = useMay('listStudies', 'listRounds');
  const mayBudgets = useMay('listDatasets', 'getBudget');
  return (
    <Page title={t('title')} lead={t('lead')}>
      {mayAttention && (
        <section className={styles.attention} aria-label={t('alarms.title')}>
          <Alarms />
        </section>
      )}
      <div className={styles.pair}>
        {mayStudies && (
          <Section title={t('waiting.title')}>
            <WaitingStudies />
          </Section>
        )}
        {mayRounds && (
          <Section title={t('rounds.title')}>
            <RoundsUnderWay />
          </Section>
        )}
      </div>
      {mayBudgets && (
        <Section title={t('datasets.title')} lead={t('datasets.lead')} isPlain>
          <Datasets />
        </Section>
      )}
    </Page>
  );
}
