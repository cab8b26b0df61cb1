// The card of a model: what it means for a patient, in plain words and with what it does not say; how well it does; and
// what the model itself is.
import type { Api } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { apiQuery, useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Chart } from '../../components/chart/chart.tsx';
import { Code } from '../../components/copy.tsx';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Facts } from '../../components/figure.tsx';
import { Term } from '../../components/meaning.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, Loading, QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount, formatScore } from '../../format/numbers.ts';
import { epsilonInWords } from './epsilon-words.ts';
import type { ModelAnswer } from './ledger-types.ts';
import { greatestLoss, type Loss, useOrigins } from './losses.ts';
import styles from './model.module.css';
import { scoreOf } from './scores.ts';

export function ModelCard({ model }: { readonly model: ModelAnswer }) {
  return (
    <div className={styles.stack}>
      <Privacy model={model} />
      <div className={styles.two}>
        <Scores model={model} />
        <TheModel model={model} />
      </div>
    </div>
  );
}

const NOT_SAID = ['truth', 'population', 'together', 'both', 'use', 'elsewhere'] as const;

function Privacy({ model: { studyId } }: { readonly model: ModelAnswer }) {
  const { t } = useTranslation('model');
  const origins = useOrigins(studyId);
  const study = useApi('getStudy', { path: { studyId } });
  // Of a study whose unit is a record, nothing is promised to a patient.
  const unit = study.data?.unit;
  return (
    <>
      <div className={styles.two}>
        {unit === undefined ? (
          <QueryState query={study} lines={6}>
            {() => null}
          </QueryState>
        ) : (
          <Section title={t(`card.privacyTitle.${unit}`)} lead={t(`card.privacyLead.${unit}`)}>
            <QueryState query={origins} lines={6}>
              {({ datasets }) => <Meanings datasets={datasets} unit={unit} />}
            </QueryState>
          </Section>
        )}
        <Section title={t('card.notTitle')}>
          <ul className={styles.not}>
            {NOT_SAID.map((name) => (
              <li key={name}>{t(`card.not.${name}`)}</li>
            ))}
          </ul>
        </Section>
      </div>
      {origins.data !== undefined && <Losses datasets={origins.data.datasets} />}
    </>
  );
}

/** Whose presence is hidden. */
type Unit = Api['getStudy']['answer']['unit'];

/** ε of each dataset in plain words. */
function Meanings({ datasets, unit }: { readonly datasets: readonly Loss[]; readonly unit: Unit }) {
  const { t } = useTranslation('model');
  return (
    <ul className={styles.words}>
      {alike(datasets).map(({ names, epsilon, delta }) => {
        const words = epsilonInWords(epsilon, delta);
        return words === undefined ? null : (
          <li key={names.join(' ')}>
            <p>
              {t(`card.privacyEpsilon.${unit}`, { factor: words.factor })}{' '}
              <span className="soft">
                (<Epsilon value={epsilon} />, <Delta value={delta} />)
              </span>
            </p>
            <p>{t(`card.privacyGuess.${unit}`, { guess: words.guess, wrong: words.wrong })}</p>
            <p className="small soft">
              {t('card.privacyOf')} <bdi>{names.join(', ')}</bdi>
            </p>
          </li>
        );
      })}
    </ul>
  );
}

function Losses({ datasets }: { readonly datasets: readonly Loss[] }) {
  const { t } = useTranslation('model');
  const loss = (value: string | null) => (value === null ? '–' : <Epsilon value={value} isBare />);
  const columns: readonly Column<Loss>[] = [
    {
      id: 'dataset',
      header: t('card.dataset'),
      isRowHeader: true,
      cell: ({ datasetTitle, withdrawnAt }) => (
        <span>
          <bdi>{datasetTitle}</bdi>
          {withdrawnAt !== null && (
            <span className="small soft">
              {' '}
              ({t('card.withdrawn')} <Time at={withdrawnAt} form="absolute" />)
            </span>
          )}
        </span>
      ),
    },
    { id: 'hospital', header: t('card.hospital'), cell: ({ ownerTitle }) => <bdi>{ownerTitle}</bdi> },
    {
      id: 'patients',
      header: t('card.patients'),
      headerContent: <Term meaning={t('card.patientsMeaning')}>{t('card.patients')}</Term>,
      isNumber: true,
      cell: ({ patients }) => <span className={styles.band}>{patients.replace('-', '–')}</span>,
    },
    {
      id: 'training',
      header: t('card.training'),
      headerContent: <Term meaning={t('card.trainingMeaning')}>{t('card.training')}</Term>,
      isNumber: true,
      cell: ({ trainingEpsilon }) => loss(trainingEpsilon),
    },
    {
      id: 'held-out',
      header: t('card.heldOut'),
      headerContent: <Term meaning={t('card.heldOutMeaning')}>{t('card.heldOut')}</Term>,
      isNumber: true,
      cell: ({ heldOutEpsilon }) => loss(heldOutEpsilon),
    },
    {
      id: 'delta',
      header: t('card.delta'),
      headerContent: <Term meaning={t('card.deltaMeaning')}>{t('card.delta')}</Term>,
      isNumber: true,
      cell: ({ delta }) => <Delta value={delta} isBare />,
    },
  ];
  return (
    <Section title={t('card.tableCaption')} isPlain>
      <Table
        caption={t('card.tableCaption')}
        isCaptionUnseen
        columns={columns}
        rows={datasets}
        rowKey={({ datasetId }) => datasetId}
      />
    </Section>
  );
}

/** Datasets whose patients lost the same are said together. */
function alike(
  datasets: readonly Loss[],
): { readonly names: readonly string[]; readonly epsilon: string; readonly delta: string }[] {
  const groups = Map.groupBy(
    datasets.filter((one) => greatestLoss(one) !== undefined),
    (one) => `${greatestLoss(one)} ${one.delta}`,
  );
  return [...groups.values()].map((group) => ({
    names: group.map(({ datasetTitle }) => `“${datasetTitle}”`),
    epsilon: greatestLoss(group[0]!)!,
    delta: group[0]!.delta,
  }));
}

/** How many rounds are asked for: each is a request. */
const ROUNDS_SHOWN = 24;

function Scores({ model: { studyId, rounds } }: { readonly model: ModelAnswer }) {
  const { t } = useTranslation('model');
  const may = useMay('getRoundDossier');
  const shown = rounds.slice(-ROUNDS_SHOWN);
  const dossiers = useQueries({
    queries: shown.map((round) => ({
      ...apiQuery('getRoundDossier', { path: { studyId, round } }),
      enabled: may,
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const { data: study } = useApi('getStudy', { path: { studyId } });
  if (!may) return null;
  const scores = dossiers.flatMap(({ data }) => (data === undefined ? [] : (scoreOf(data) ?? [])));
  const isLoading = dossiers.some(({ isPending }) => isPending);
  const least = Number(study?.validation.minimum);
  return (
    <Section title={t('card.scoresTitle')} lead={t('card.scoresLead')}>
      {isLoading ? (
        <Loading lines={6} />
      ) : scores.length === 0 ? (
        <Empty title={t('card.scoresNone')} />
      ) : (
        <Chart
          title={t('card.scoresChart')}
          summary={t('card.scoresSummary')}
          x={{
            field: 'round',
            label: t('card.round'),
            say: (round) => formatCount(round),
            domain: [shown[0]! - 0.5, shown.at(-1)! + 0.5],
            ...(shown.length <= 12 && { ticks: shown }),
          }}
          y={{
            label: t('card.accuracy'),
            say: (value) => formatScore(value, 2),
            domain: [0, 1],
            ticks: [0, 0.25, 0.5, 0.75, 1],
          }}
          series={[{ field: 'accuracy', name: t('card.accuracy'), shape: 'points', errorField: 'error' }]}
          rows={scores.map(({ round, accuracy, error }) => ({ round, accuracy, error }))}
          marks={Number.isFinite(least) ? [{ axis: 'y', at: least, label: t('card.least') }] : []}
        />
      )}
      {rounds.length > shown.length && (
        <p className="small soft">{t('card.scoresLimit', { count: shown.length })}</p>
      )}
      <Notice title={t('card.calibrationTitle')}>
        <p>{t('card.calibration', { command: 'consilium-trainer evaluate' })}</p>
      </Notice>
    </Section>
  );
}

/** What the trainer's card says of a graph, as far as this page knows it. */
interface GraphCard {
  readonly inputs?: number;
  readonly outputs?: number;
  readonly notes?: readonly string[];
}

function TheModel({ model }: { readonly model: ModelAnswer }) {
  const { t } = useTranslation('model');
  const { studyId, lineageSha256, graph } = model;
  const may = useMay('getModelCard');
  const card = useQueries({
    queries: [{ ...apiQuery('getModelCard', { path: { studyId } }), enabled: may }],
  })[0];
  const { data: study } = useApi('getStudy', { path: { studyId } });
  const { inputs, outputs, notes = [] } = (card.data ?? {}) as GraphCard;
  const local = study?.model.localParameters ?? [];
  const number = (value: number | undefined) => (value === undefined ? '–' : formatCount(value));
  return (
    <Section title={t('card.graphTitle')}>
      <div className={styles.stack}>
        <Facts
          facts={[
            [t('card.graph.inputs'), number(inputs ?? study?.model.inputs)],
            [t('card.graph.outputs'), number(outputs)],
            [t('card.graph.parameters'), number(study?.model.parameters)],
            [t('card.graph.local'), local.length === 0 ? t('card.graph.localNone') : local.join(', ')],
            [t('card.graph.graph'), <Code key="graph" text={graph.sha256} length={12} />],
            ...(lineageSha256 === undefined
              ? []
              : ([
                  [t('card.graph.digest'), <Code key="digest" text={lineageSha256} length={12} />],
                ] as const)),
          ]}
        />
        {notes.map((note) => (
          <Notice key={note} tone="warning" title={t('card.graph.notes')}>
            <p>
              <bdi>{note}</bdi>
            </p>
          </Notice>
        ))}
        {card.error !== null && <p className="small soft">{t('card.graphUnavailable')}</p>}
      </div>
    </Section>
  );
}
