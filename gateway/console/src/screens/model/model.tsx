// One model: its card, where it comes from, predictions with it, and its files.

import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams, useSearchParams } from 'wouter';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Epsilon } from '../../components/epsilon.tsx';
import { Figure, Figures } from '../../components/figure.tsx';
import { HospitalName, useDatasets } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { Loading, QueryState } from '../../components/query-state.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import { formatTime } from '../../format/times.ts';
import { Downloads } from './downloads.tsx';
import type { ModelAnswer } from './ledger-types.ts';
import { greatest, greatestLoss, useOrigins } from './losses.ts';
import styles from './model.module.css';

// Each part is loaded when it is chosen: the graph brings its layout, the card its charts.
const ModelCard = lazy(() => import('./model-card.tsx').then(({ ModelCard: part }) => ({ default: part })));
const Lineage = lazy(() => import('./lineage.tsx').then(({ Lineage: part }) => ({ default: part })));
const Predict = lazy(() => import('./predict.tsx').then(({ Predict: part }) => ({ default: part })));

const PARTS = ['card', 'lineage', 'predict'] as const;
type Part = (typeof PARTS)[number];

export default function Model() {
  const { t } = useTranslation('model');
  const { studyId = '' } = useParams();
  const model = useApi('getModel', { path: { studyId } });
  const study = useApi('getStudy', { path: { studyId } });
  const title = study.data?.title ?? studyId;
  const question = study.data?.question;
  return (
    <Page
      title={title}
      crumbs={[{ title: t('crumb'), to: '/models' }]}
      {...(question !== undefined && { lead: <bdi>{t('answers', { question })}</bdi> })}
    >
      <QueryState query={model} lines={6}>
        {(found) => <ModelOf model={found} unit={study.data?.unit} />}
      </QueryState>
    </Page>
  );
}

function ModelOf({
  model,
  unit,
}: {
  readonly model: ModelAnswer;
  readonly unit: 'patient' | 'record' | undefined;
}) {
  const { t } = useTranslation('model');
  const [search, setSearch] = useSearchParams();
  const mayPredict = useMay('predict');
  const parts = PARTS.filter((part) => part !== 'predict' || mayPredict);
  const chosen = parts.find((part) => part === search.get('part')) ?? 'card';
  const content: Record<Part, () => React.ReactNode> = {
    card: () => <ModelCard model={model} />,
    lineage: () => <Lineage model={model} />,
    predict: () => <Predict model={model} />,
  };
  const { withdrawn = [], retiredAt, studyId } = model;
  const { data: origins } = useOrigins(studyId);
  const datasets = useDatasets();
  const titleOf = ({ datasetId }: { readonly datasetId: string }) =>
    `“${datasets.get(datasetId)?.title ?? datasetId}”`;
  const most = origins && greatest(origins.datasets.flatMap((one) => greatestLoss(one) ?? []));
  return (
    <div className={styles.stack}>
      {retiredAt !== undefined && (
        <Notice tone="bad" title={t('retiredTitle')}>
          <p>{t('retiredDetail', { at: formatTime(retiredAt) })}</p>
        </Notice>
      )}
      {withdrawn.length > 0 && (
        <Notice tone="warning" title={t('withdrawnTitle', { count: withdrawn.length })}>
          <p>
            <bdi>{t('withdrawnDetail', { datasets: withdrawn.map(titleOf).join(', ') })}</bdi>
          </p>
        </Notice>
      )}
      <p className="soft">
        {t('figures.published')} <Time at={model.publishedAt} form="both" />
        {' · '}
        <HospitalName mspId={model.publishedBy} />
      </p>
      <Figures>
        <Figure
          label={t('figures.rounds')}
          value={formatCount(model.rounds.length)}
          meaning={t('figures.roundsMeaning')}
        />
        <Figure
          label={t('figures.datasets')}
          value={formatCount(model.datasets.length)}
          meaning={t('figures.datasetsMeaning')}
        />
        {most !== undefined && unit !== undefined && (
          <Figure
            label={t(`figures.epsilon.${unit}`)}
            value={<Epsilon value={most} isBare />}
            meaning={t(`figures.epsilonMeaning.${unit}`)}
            isWide
          />
        )}
      </Figures>
      <Tabs<Part>
        label={t('tabs.label')}
        selected={chosen}
        onSelect={(part) => setSearch(part === 'card' ? {} : { part }, { replace: true })}
        tabs={parts.map((part) => ({
          id: part,
          title: t(`tabs.${part}`),
          content: () => <Suspense fallback={<Loading lines={8} />}>{content[part]()}</Suspense>,
        }))}
      />
      <Downloads model={model} />
    </div>
  );
}
