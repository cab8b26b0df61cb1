// Predictions with this hospital's own model: a form made from the dictionary, or rows as CSV. Values of patients are
// kept nowhere: not in the address, not in a cache, and no longer on the page than it is open.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gateway } from '../../api/client.ts';
import { useApi } from '../../api/queries.ts';
import { useSession } from '../../app/session.tsx';
import { Choices, Select } from '../../components/fields.tsx';
import { useDatasets } from '../../components/names.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import type { Dictionary, ModelAnswer } from './ledger-types.ts';
import styles from './model.module.css';
import { PredictOne } from './predict-one.tsx';
import { PredictSeveral } from './predict-several.tsx';
import type { PredictionRows } from './prediction-fields.ts';
import { PredictionProblem } from './prediction-problem.tsx';
import { PredictionResult } from './prediction-result.tsx';
import { readPredictions } from './predictions.ts';

export function Predict({ model }: { readonly model: ModelAnswer }) {
  const { hospital } = useSession();
  const { studyId } = model;
  const study = useApi('getStudy', { path: { studyId } });
  const datasets = useDatasets();
  const all = study.data?.datasets ?? [];
  const own = all.filter((datasetId) => datasets.get(datasetId)?.owner === hospital.mspId);
  const [chosen, setChosen] = useState<string>();
  const datasetId = own.includes(chosen ?? '') ? chosen! : (own[0] ?? all[0]);
  return (
    <QueryState query={study} lines={8}>
      {() =>
        datasetId === undefined ? null : (
          <PredictWith key={datasetId} model={model} datasetId={datasetId} own={own} onChoose={setChosen} />
        )
      }
    </QueryState>
  );
}

function PredictWith(props: {
  readonly model: ModelAnswer;
  readonly datasetId: string;
  readonly own: readonly string[];
  readonly onChoose: (datasetId: string) => void;
}) {
  const { model, datasetId, own, onChoose } = props;
  const dataset = useApi('getDataset', { path: { datasetId } });
  return (
    <QueryState query={dataset} lines={8}>
      {({ dictionary }) => (
        <PredictForm
          model={model}
          dictionary={dictionary}
          own={own}
          datasetId={datasetId}
          onChoose={onChoose}
        />
      )}
    </QueryState>
  );
}

type How = 'one' | 'several';

function PredictForm(props: {
  readonly model: ModelAnswer;
  readonly dictionary: Dictionary;
  readonly own: readonly string[];
  readonly datasetId: string;
  readonly onChoose: (datasetId: string) => void;
}) {
  const { model, dictionary, own, datasetId, onChoose } = props;
  const { t } = useTranslation('model');
  const datasets = useDatasets();
  const [how, setHow] = useState<How>('one');
  const [which, setWhich] = useState('final');
  const predict = useMutation({
    // Nothing of it is kept when the page is left.
    gcTime: 0,
    mutationFn: (rows: PredictionRows) =>
      gateway.call('predict', {
        body: {
          studyId: model.studyId,
          round: which === 'final' || which === 'initial' ? which : Number(which),
          ...(own.length > 0 && { datasetId }),
          ...rows,
        },
      }),
  });
  const predictions =
    predict.data === undefined ? undefined : readPredictions(predict.data, dictionary.label.rule);
  const send = (rows: PredictionRows) => predict.mutate(rows);
  const parts = { dictionary, onSend: send, isSending: predict.isPending, error: predict.error };
  return (
    <div className={styles.stack}>
      <Notice tone="warning" title={t('predict.notice')}>
        <p>{t('predict.noticeDetail')}</p>
      </Notice>
      <Section title={t('predict.title')} lead={t('predict.privacy')}>
        <div className={styles.stack}>
          <div className={styles.row}>
            <Choices<How>
              label={t('predict.how')}
              isRow
              value={how}
              onChange={(next) => {
                setHow(next);
                predict.reset();
              }}
              choices={[
                { value: 'one', label: t('predict.one') },
                { value: 'several', label: t('predict.several') },
              ]}
            />
            <Select
              label={t('predict.which')}
              value={which}
              onChange={setWhich}
              choices={[
                { value: 'final', label: t('predict.whichFinal') },
                ...model.rounds
                  .slice(0, -1)
                  .toReversed()
                  .map((round) => ({ value: String(round), label: t('predict.whichRound', { round }) })),
                { value: 'initial', label: t('predict.whichInitial') },
              ]}
            />
            {own.length > 1 && (
              <Select
                label={t('predict.whose')}
                value={datasetId}
                onChange={onChoose}
                choices={own.map((id) => ({ value: id, label: datasets.get(id)?.title ?? id }))}
              />
            )}
          </div>
          {how === 'one' ? <PredictOne {...parts} /> : <PredictSeveral {...parts} />}
          {predict.error !== null && <PredictionProblem error={predict.error} />}
          {predict.data !== undefined && (
            <PredictionResult
              studyId={model.studyId}
              label={dictionary.label.title}
              predictions={predictions}
            />
          )}
        </div>
      </Section>
    </div>
  );
}
