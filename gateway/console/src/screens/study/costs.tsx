// What a study costs the patients of each dataset: a round, so far, and at most.
import type { StudyAnswer } from '@consilium/domain';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Term } from '../../components/meaning.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import type { Rounding } from '../../format/decimal.ts';
import { DatasetOf } from './dataset-of.tsx';
import styles from './study.module.css';
import { type AccountCosts, costOf, type StudyCost } from './study-costs.ts';
import { type Recorded, useRecord } from './study-queries.ts';

export function Costs({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const record = useRecord(study.studyId);
  return (
    <Section title={t('costs.title')} lead={t('costs.lead')} isPlain>
      <QueryState
        query={record}
        isEmpty={({ consents }) => consents.length === 0}
        empty={<Empty title={t('costs.emptyTitle')}>{t('costs.empty')}</Empty>}
      >
        {(found) => <CostTable record={found} />}
      </QueryState>
    </Section>
  );
}

function CostTable({ record }: { readonly record: Recorded }) {
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  const costs = useMemo(
    () =>
      record.consents.flatMap((consent) => {
        const dataset = record.datasets.find(({ datasetId }) => datasetId === consent.datasetId);
        return dataset === undefined ? [] : [costOf(consent, dataset, record.rounds)];
      }),
    [record],
  );
  const amount = (
    name: 'perRound' | 'soFar' | 'most',
    of: (cost: StudyCost) => AccountCosts,
  ): Column<StudyCost> => ({
    id: name,
    header: t(`costs.${name}`),
    headerContent: <Term meaning={t(`costs.${name}Meaning`)}>{t(`costs.${name}`)}</Term>,
    cell: (cost) => <Pair of={of(cost)} />,
  });
  const columns: readonly Column<StudyCost>[] = [
    {
      id: 'dataset',
      header: t('costs.dataset'),
      isRowHeader: true,
      cell: ({ datasetId, owner }) => <DatasetOf datasetId={datasetId} mspId={owner} />,
    },
    amount('perRound', ({ perRound }) => perRound),
    {
      id: 'rounds',
      header: t('costs.rounds'),
      cell: ({ charged }) => t('costs.roundsValue', { training: charged.training, heldOut: charged.heldOut }),
    },
    amount('soFar', ({ spent }) => spent),
    amount('most', ({ most }) => most),
    {
      id: 'delta',
      header: t('costs.delta'),
      headerContent: <Term meaning={word('epsilon.deltaMeaning')}>{t('costs.delta')}</Term>,
      cell: ({ delta }) => <Delta value={delta} isBare />,
    },
  ];
  return (
    <Table
      caption={t('costs.caption')}
      isCaptionUnseen
      columns={columns}
      rows={costs}
      rowKey={({ datasetId }) => datasetId}
    />
  );
}

/** ε of both accounts, with their names. */
export function Pair({ of, rounding = 'up' }: { readonly of: AccountCosts; readonly rounding?: Rounding }) {
  const { t } = useTranslation();
  return (
    <span className={styles.named}>
      {(['training', 'heldOut'] as const).map((pool) => (
        <span key={pool} className={styles.pair}>
          <Epsilon value={of[pool]} rounding={rounding} isBare />{' '}
          <span className="small soft">{t(`pools.${pool === 'training' ? 'training' : 'held-out'}`)}</span>
        </span>
      ))}
    </span>
  );
}
