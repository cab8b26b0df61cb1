// A privacy budget: what is spent, what is reserved beside it, and what is left. The bar repeats what the words below
// it say, so it is hidden from screen readers; its parts differ in pattern as well as in colour.
import { useTranslation } from 'react-i18next';
import { budgetShares, formatEpsilon } from '../format/privacy.ts';
import styles from './gauge.module.css';
import { Meaning } from './meaning.tsx';

export interface GaugeProps {
  /** The name of the account, such as "Training". */
  readonly label: string;
  /** Texts of the ledger, ε at the budget's δ. */
  readonly total: string;
  readonly spent: string;
  /** What the reservations cost beside what is spent is computed from this: both together. */
  readonly committed: string;
  readonly left: string;
}

export function Gauge({ label, total, spent, committed, left }: GaugeProps) {
  const { t } = useTranslation();
  const shares = budgetShares({ total, spent, committed });
  const reserved = Math.max(Number(committed) - Number(spent), 0);
  const parts = [
    ['spent', shares.spent, formatEpsilon(spent), t('gauge.spent'), t('gauge.spentMeaning')],
    ['reserved', shares.reserved, formatEpsilon(reserved), t('gauge.reserved'), t('gauge.reservedMeaning')],
    ['left', shares.left, formatEpsilon(left, 'down'), t('gauge.left'), t('gauge.leftMeaning')],
  ] as const;
  return (
    <div className={styles.gauge}>
      <div className={styles.head}>
        <span className={styles.label}>{label}</span>
        <span className={styles.total}>{t('gauge.of', { total: formatEpsilon(total, 'down') })}</span>
      </div>
      <div className={styles.bar} aria-hidden="true">
        <span className={styles.spent} style={{ width: `${shares.spent * 100}%` }} />
        <span className={styles.reserved} style={{ width: `${shares.reserved * 100}%` }} />
      </div>
      <dl className={styles.legend}>
        {parts.map(([name, , value, word, meaning]) => (
          <div key={name} className={styles.part}>
            <dt>
              <span className={`${styles.swatch} ${styles[name]}`} aria-hidden="true" />
              <Meaning meaning={meaning}>{word}</Meaning>
            </dt>
            <dd data-figure="">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
