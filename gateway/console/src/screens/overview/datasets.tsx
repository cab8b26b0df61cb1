// This hospital's datasets, with what of their privacy budgets is spent, reserved and left.
import type { DatasetSummary, GetBudgetAnswer } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { apiQuery, useApi, useApiPages } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { Delta } from '../../components/epsilon.tsx';
import { EvidenceButton } from '../../components/evidence-button.tsx';
import { Gauge } from '../../components/gauge.tsx';
import { Meaning } from '../../components/meaning.tsx';
import { Empty, Loading, QueryState } from '../../components/query-state.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import { leastLeft } from './least-left.ts';
import styles from './overview.module.css';

export function Datasets() {
  const { t } = useTranslation('overview');
  const { hospital } = useSession();
  const datasets = useApiPages('listDatasets', { query: { owner: hospital.mspId, limit: 50 } });
  return (
    <QueryState
      query={datasets}
      empty={<Empty title={t('datasets.none')}>{t('datasets.noneDetail')}</Empty>}
      lines={4}
    >
      {(items) => (
        <ul className={styles.cards}>
          {items.map((dataset) => (
            <DatasetCard key={dataset.datasetId} dataset={dataset} />
          ))}
        </ul>
      )}
    </QueryState>
  );
}

function DatasetCard({ dataset }: { readonly dataset: DatasetSummary }) {
  const { t } = useTranslation('overview');
  const { datasetId, title, recordCountBand, registeredAt, expiresAt, revision = 1, privacyBudget } = dataset;
  const { low, high } = recordCountBand;
  return (
    <li className={styles.card}>
      <div>
        <h3>
          <bdi>{title}</bdi>
        </h3>
        <p className="small soft">
          <span className="mono">{datasetId}</span> ·{' '}
          <Meaning meaning={t('datasets.bandMeaning')}>
            {t('datasets.band', { low: formatCount(low), high: formatCount(high) })}
          </Meaning>{' '}
          · {t('datasets.revision', { revision })} · <Delta value={privacyBudget.delta} /> ·{' '}
          {expiresAt === undefined ? t('datasets.registered') : t('datasets.expires')}{' '}
          <Time at={expiresAt ?? registeredAt} />
        </p>
      </div>
      <Budgets dataset={dataset} />
      <div>
        <EvidenceButton subject={{ kind: 'dataset', datasetId }} />
      </div>
    </li>
  );
}

/** Of so many blocks of patients at most each is asked for; a population has few. */
const BLOCKS_ASKED = 24;

function Budgets({ dataset: { datasetId, populationId } }: { readonly dataset: DatasetSummary }) {
  const { t } = useTranslation('overview');
  const { t: word } = useTranslation();
  const mayBlocks = useMay('listBlocks');
  const known = useApi('listBlocks', {
    path: { populationId: populationId ?? datasetId },
    query: { limit: BLOCKS_ASKED },
  });
  const numbers = mayBlocks ? (known.data?.items.map(({ block }) => block) ?? []) : [];
  const blocks = numbers.length > 0 ? numbers : [1];
  const isKnown = !mayBlocks || !known.isPending;
  const asked = (['training', 'held-out'] as const).flatMap((pool) =>
    blocks.map((block) => ({ pool, block })),
  );
  const budgets = useQueries({
    queries: asked.map(({ pool, block }) => ({
      ...apiQuery('getBudget', { path: { datasetId, pool }, query: { block } }),
      enabled: isKnown,
    })),
  });
  const failed = budgets.find(({ error }) => error !== null);
  if (failed !== undefined) return <QueryState query={failed}>{() => null}</QueryState>;
  const answers = budgets.flatMap(({ data }) => (data === undefined ? [] : [data]));
  if (answers.length < asked.length) return <Loading lines={2} />;
  const shown = (['training', 'held-out'] as const).map((pool) => leastLeft(answers, pool));
  return (
    <div className={styles.gauges}>
      {shown.map(
        (budget) =>
          budget && <PoolGauge key={budget.pool} budget={budget} word={word(`pools.${budget.pool}`)} />,
      )}
      {blocks.length > 1 && <p className="small soft">{t('datasets.blocks', { count: blocks.length })}</p>}
    </div>
  );
}

function PoolGauge({ budget, word }: { readonly budget: GetBudgetAnswer; readonly word: string }) {
  return (
    <Gauge
      label={word}
      total={budget.budget.epsilon}
      spent={budget.spentEpsilon}
      committed={budget.committedEpsilon}
      left={budget.leftEpsilon}
    />
  );
}
