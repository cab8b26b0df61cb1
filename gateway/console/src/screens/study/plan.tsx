// The plan in words: how each patient is protected, what follows from it, what it does not promise, and the whole text.
import type { StudyAnswer } from '@consilium/domain';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from '../../components/copy.tsx';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Facts, Figure, Figures } from '../../components/figure.tsx';
import { DatasetName, HospitalName, useDatasets } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { formatDuration } from '../../format/times.ts';
import { factorOf, NOT_PROMISED, type PlanSentence, planCost, planSentences } from './plan-in-words.ts';
import styles from './study.module.css';

export function Plan({ study }: { readonly study: StudyAnswer }) {
  return (
    <>
      <Protection study={study} />
      <WholeText study={study} />
    </>
  );
}

type SaidStudy = Pick<StudyAnswer, 'training' | 'validation' | 'unit' | 'rounds' | 'datasets'>;

/**
 * The mechanism, the promise and its limits.
 *
 * @param datasetId of the budget whose δ is taken; the first one's where absent
 */
export function Protection({ study, datasetId }: { readonly study: SaidStudy; readonly datasetId?: string }) {
  const { t } = useTranslation('study');
  const datasets = useDatasets();
  const delta = datasets.get(datasetId ?? study.datasets[0] ?? '')?.privacyBudget.delta;
  const cost = useMemo(() => (delta === undefined ? undefined : planCost(study, delta)), [study, delta]);
  const { unit } = study;
  return (
    <>
      <Section title={t('plan.title')}>
        <div className={styles.stack}>
          <ol className={styles.sentences}>
            {planSentences(study).map((sentence) => (
              <li key={sentence.key}>
                <Sentence sentence={sentence} unit={unit} />
              </li>
            ))}
          </ol>
        </div>
      </Section>
      <Section title={t('plan.promiseTitle')}>
        <div className={styles.promise}>
          <p>{t(`plan.promise_${unit}`)}</p>
          {cost !== undefined && (
            <Figures>
              {(['training', 'heldOut'] as const).map((pool) => (
                <Figure
                  key={pool}
                  label={t(`plan.${pool}_${unit}`)}
                  value={<Epsilon value={cost[pool]} isBare />}
                  meaning={t('plan.costMeaning')}
                  note={<Factor epsilon={cost[pool]} delta={cost.delta} />}
                />
              ))}
            </Figures>
          )}
          <p className="small soft">{t('plan.source')}</p>
        </div>
      </Section>
      <Section title={t('plan.notTitle')}>
        <ul className={styles.sentences}>
          {NOT_PROMISED.map((name) => (
            <li key={name}>{t(`plan.not.${name}`)}</li>
          ))}
        </ul>
      </Section>
    </>
  );
}

function Sentence({
  sentence,
  unit,
}: {
  readonly sentence: PlanSentence;
  readonly unit: StudyAnswer['unit'];
}) {
  const { t } = useTranslation('study');
  if (sentence.key === 'influence') return t(`plan.influence_${unit}`, { clip: sentence.clip });
  if (sentence.key === 'scores') return t(`plan.scores_${unit}`, { deviation: sentence.deviation });
  const { key, ...values } = sentence;
  return t(`plan.${key}`, values as Record<string, unknown>) as string;
}

/** e^ε in words, at the δ that it holds at. */
function Factor({ epsilon, delta }: { readonly epsilon: string; readonly delta: string }) {
  const { t } = useTranslation('study');
  const factor = factorOf(epsilon);
  return (
    <>
      {factor === undefined ? t('plan.factorHuge') : t('plan.factor', { factor })}, {t('plan.atDelta')}{' '}
      <Delta value={delta} isBare />
    </>
  );
}

/** Every part of the text that hospitals consent to. */
function WholeText({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  return (
    <Section title={t('plan.detailsTitle')}>
      <TextFacts study={study} />
    </Section>
  );
}

/** The text of a study, field by field. */
export function TextFacts({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  const { model, training, aggregation, validation, quorum, weights, publicTimes } = study;
  const all = (weights ?? []).reduce((sum, { weight }) => sum + weight, 0);
  const seconds = (count: number) => (count === 0 ? '0' : formatDuration(count));
  return (
    <Facts
      facts={[
        [t('plan.facts.studyId'), <Code key="id" text={study.studyId} />],
        [t('plan.facts.question'), <bdi key="question">{study.question}</bdi>],
        [t('plan.facts.purpose'), `${word(`purposes.${study.purpose}`)} (${study.purpose})`],
        [
          t('plan.facts.datasets'),
          <DatasetLines key="datasets" datasets={study.datasets} weights={weights} all={all} />,
        ],
        [
          t('plan.facts.model'),
          t('plan.facts.modelValue', { parameters: model.parameters, inputs: model.inputs }),
        ],
        [
          t('plan.facts.localParameters'),
          model.localParameters.length === 0 ? (
            t('plan.none')
          ) : (
            <bdi key="local">{model.localParameters.join(', ')}</bdi>
          ),
        ],
        [t('plan.facts.graph'), <Code key="graph" text={model.graph.sha256} length={16} />],
        [t('plan.facts.learningRate'), training.learningRate],
        [t('plan.facts.unit'), t(`plan.units.${study.unit}`)],
        [t('plan.facts.aggregation'), <code key="rule">{aggregation.rule}</code>],
        [t('plan.facts.minimum'), validation.minimum],
        [t('plan.facts.quorum'), t('plan.facts.quorumValue', quorum)],
        [t('plan.facts.deadline'), formatDuration(study.roundDeadlineSeconds)],
        ...(publicTimes === undefined
          ? []
          : [
              [
                t('plan.facts.publicTimes'),
                t('plan.publicTimesValue', {
                  update: seconds(publicTimes.updateSeconds),
                  verdict: seconds(publicTimes.verdictSeconds),
                }),
              ] as const,
            ]),
        [t('plan.facts.afterWithdrawal'), t(`plan.afterWithdrawal.${study.afterWithdrawal ?? 'kept'}`)],
      ]}
    />
  );
}

function DatasetLines({
  datasets,
  weights,
  all,
}: {
  readonly datasets: readonly string[];
  readonly weights: StudyAnswer['weights'];
  readonly all: number;
}) {
  const { t } = useTranslation('study');
  const known = useDatasets();
  return (
    <span className={styles.named}>
      {datasets.map((datasetId) => {
        const owner = known.get(datasetId)?.owner;
        const weight = weights?.find((one) => one.datasetId === datasetId)?.weight;
        return (
          <span key={datasetId}>
            <DatasetName datasetId={datasetId} />
            {owner !== undefined && (
              <span className="soft">
                {' · '}
                <HospitalName mspId={owner} />
              </span>
            )}
            {weight !== undefined && (
              <span className="soft">
                {' · '}
                {t('plan.facts.weights')} {t('plan.weight', { weight, all })}
              </span>
            )}
          </span>
        );
      })}
    </span>
  );
}
