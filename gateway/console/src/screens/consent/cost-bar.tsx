// One account before and after a consent: what is used, what this study adds, and what is left. The words beside it say
// the same, so the bar itself is hidden from screen readers.
import { useTranslation } from 'react-i18next';
import { Meaning } from '../../components/meaning.tsx';
import { formatEpsilon } from '../../format/privacy.ts';
import { type AccountChange, changeOf } from './account-change.ts';
import styles from './consent.module.css';

export interface CostBarProps {
  readonly label: string;
  readonly account: AccountChange;
}

export function CostBar({ label, account }: CostBarProps) {
  const { t } = useTranslation('consent');
  const { before, added, left, over, shares } = changeOf(account);
  const parts = [
    ['before', formatEpsilon(before)],
    ['this', formatEpsilon(added)],
    ['left', formatEpsilon(left, 'down')],
  ] as const;
  return (
    <div className={styles.account}>
      <div className={styles.accountHead}>
        <h3>{label}</h3>
        <span className="small soft">{t('quote.of', { total: formatEpsilon(account.total, 'down') })} ε</span>
      </div>
      <svg className={styles.bar} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className={styles.barLeft} width="100" height="10" />
        <rect className={styles.barBefore} width={shares.before * 100} height="10" />
        <rect
          className={over > 0 ? styles.barOver : styles.barThis}
          x={shares.before * 100}
          width={shares.added * 100}
          height="10"
        />
      </svg>
      <dl className={styles.legend}>
        {parts.map(([name, value]) => (
          <div key={name}>
            <dt>
              <Meaning meaning={t(`quote.barMeaning.${name}`)}>{t(`quote.bar.${name}`)}</Meaning>
            </dt>
            <dd data-figure="">ε {value}</dd>
          </div>
        ))}
        {over > 0 && (
          <div className={styles.fails}>
            <dt className="unseen">{t('quote.doesNotFit')}</dt>
            <dd>{t('quote.over', { over: formatEpsilon(over) })}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
