// How a privacy account went, and the day when it is gone at this rate.
import type { Api } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../components/chart/chart.tsx';
import { Select } from '../../components/fields.tsx';
import { Section } from '../../components/page.tsx';
import { formatEpsilon } from '../../format/privacy.ts';
import { formatDay, formatTime } from '../../format/times.ts';
import { type AccountRow, accountKey, budgetMarks, courseRows } from './budget-course.ts';
import styles from './compliance.module.css';

/** A time as precise as the chart is long. */
function sayTime(at: number, spanMs: number): string {
  if (spanMs > 3 * DAY_MS) return formatDay(at);
  return spanMs > DAY_MS / 2 ? formatTime(at) : new Date(at).toLocaleTimeString();
}
const DAY_MS = 86_400_000;

export function BudgetChart({ answer }: { readonly answer: Api['askBudgets']['answer'] }) {
  const { t } = useTranslation('compliance');
  const [key, setKey] = useState<string>();
  const { accounts } = answer;
  const account = accounts.find((one) => accountKey(one) === key) ?? accounts[0];
  if (account === undefined) return null;
  const nameOf = ({ populationTitle: title, block, pool }: AccountRow) =>
    t('chart.accountName', { title, block, pool: t(`pools.${pool as 'training'}`) });
  const rows = courseRows(answer, account);
  const [first, last] = [rows[0]?.at, rows.at(-1)?.at];
  const marks = budgetMarks(account, rows, { budget: t('chart.budget'), gone: t('chart.goneMark') });
  const gone = marks.find(({ axis }) => axis === 'x')?.at;
  const spanMs = typeof first === 'number' && typeof last === 'number' ? (gone ?? last) - first : 0;
  return (
    <Section title={t('chart.title')}>
      <div className={styles.stack}>
        {accounts.length > 1 && (
          <div className={styles.account}>
            <Select
              label={t('chart.account')}
              value={accountKey(account)}
              onChange={setKey}
              choices={accounts.map((one) => ({ value: accountKey(one), label: nameOf(one) }))}
            />
          </div>
        )}
        {rows.length < 2 || typeof first !== 'number' || typeof last !== 'number' ? (
          <p className="soft">{t('chart.none')}</p>
        ) : (
          <Chart
            title={nameOf(account)}
            summary={t('chart.summary', {
              spent: formatEpsilon(account.spentEpsilon),
              budget: formatEpsilon(account.budgetEpsilon, 'down'),
              left: formatEpsilon(account.leftEpsilon, 'down'),
              forecast:
                account.goneOn === null
                  ? t('chart.notGone')
                  : t('chart.gone', { day: formatDay(`${account.goneOn}T12:00:00Z`) }),
            })}
            x={{
              field: 'at',
              label: t('chart.time'),
              isTime: true,
              say: (at) => sayTime(at, spanMs),
              domain: [first, Math.max(last, gone ?? last)],
            }}
            y={{
              label: t('chart.epsilon'),
              say: (value) => formatEpsilon(value),
              domain: [0, Math.max(Number(account.budgetEpsilon), Number(account.committedEpsilon))],
            }}
            series={[
              { field: 'spent', name: t('chart.spent'), shape: 'step' },
              { field: 'committed', name: t('chart.committed'), shape: 'step' },
            ]}
            rows={rows}
            marks={marks}
          />
        )}
      </div>
    </Section>
  );
}
