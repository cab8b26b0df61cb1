// What one thing of a lineage is, by whom it was recorded, and in which transaction.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { apiQuery } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Facts } from '../../components/figure.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Failure, Loading } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import type { Consent, Dataset, Round } from './ledger-types.ts';
import styles from './lineage.module.css';
import type { LineageFacts, LineageNode } from './lineage-graph.ts';
import type { NodeWords } from './lineage-words.ts';

interface DetailsProps {
  readonly facts: LineageFacts;
  readonly node: LineageNode;
  readonly words: NodeWords;
  readonly onClose: () => void;
}

/** Takes the focus when another thing is opened, so that a screen reader reads on here. */
export function LineageDetails({ facts, node, words, onClose }: DetailsProps) {
  const { t } = useTranslation('model');
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of each thing that is opened
  useEffect(() => heading.current?.focus({ preventScroll: true }), [node.id]);
  return (
    <section className={styles.details} aria-label={t('details.title')}>
      <div className={styles.detailsHead}>
        <div>
          <p className="small soft">{words.kind}</p>
          <h2 ref={heading} tabIndex={-1}>
            <bdi>{words.name}</bdi>
          </h2>
        </div>
        <Button isSmall onPress={onClose}>
          {t('details.close')}
        </Button>
      </div>
      <p className="soft">{t(`details.what.${node.kind}`)}</p>
      <NodeFacts facts={facts} node={node} />
      <Versions facts={facts} node={node} />
    </section>
  );
}

type Shown = readonly (readonly [name: ReactNode, value: ReactNode])[];
const digest = (text: string | undefined) => (text === undefined ? '–' : <Code text={text} length={12} />);

function NodeFacts({ facts, node }: Pick<DetailsProps, 'facts' | 'node'>) {
  switch (node.kind) {
    case 'model':
      return <ModelFacts {...node} />;
    case 'round':
      return <RoundFacts studyId={facts.model.studyId} round={node.round} />;
    case 'update':
      return <UpdateFacts studyId={facts.model.studyId} node={node} />;
    case 'consent':
      return <ConsentFacts consent={node.consent} />;
    case 'dataset':
      return <DatasetFacts dataset={node.dataset} />;
    default:
      return null;
  }
}

function ModelFacts({ model }: Extract<LineageNode, { kind: 'model' }>) {
  const { t } = useTranslation('model');
  const shown: Shown = [
    [t('details.by'), <HospitalName key="by" mspId={model.publishedBy} />],
    [t('figures.published'), <Time key="at" at={model.publishedAt} form="absolute" />],
    [t('details.fields.parameters'), digest(model.parameters.parametersSha256)],
    [t('details.fields.digest'), digest(model.lineageSha256)],
  ];
  return (
    <>
      <Facts facts={shown} />
      <p>
        <Link href={`/studies/${model.studyId}`}>{t('details.fields.studyPage')}</Link>
      </p>
    </>
  );
}

const Hospitals = ({ mspIds }: { readonly mspIds: readonly string[] }) =>
  mspIds.length === 0 ? (
    '–'
  ) : (
    <span>
      {mspIds.map((mspId, index) => (
        <span key={mspId}>
          {index > 0 && ', '}
          <HospitalName mspId={mspId} />
        </span>
      ))}
    </span>
  );

function RoundFacts({ studyId, round }: { readonly studyId: string; readonly round: Round }) {
  const { t } = useTranslation('model');
  const may = useMay('getRoundDossier');
  const { data } = useQuery({
    ...apiQuery('getRoundDossier', { path: { studyId, round: round.round } }),
    enabled: may,
  });
  const judged = (accepted: boolean) =>
    (data?.verdicts ?? []).filter((one) => one.accepted === accepted).map(({ mspId }) => mspId);
  const shown: Shown = [
    [t('details.fields.state'), <StateBadge key="state" state={round.state} />],
    [t('details.fields.leader'), <HospitalName key="leader" mspId={round.leader} />],
    [t('details.fields.opened'), <Time key="opened" at={round.openedAt} form="absolute" />],
    ...(round.finalizedAt === undefined
      ? []
      : ([
          [t('details.fields.finalized'), <Time key="end" at={round.finalizedAt} form="absolute" />],
        ] as Shown)),
    ...(round.reason === undefined
      ? []
      : ([[t('details.fields.reason'), <bdi key="reason">{round.reason}</bdi>]] as Shown)),
    ...(data === undefined
      ? []
      : ([
          [t('details.fields.accepted'), <Hospitals key="yes" mspIds={judged(true)} />],
          [t('details.fields.rejected'), <Hospitals key="no" mspIds={judged(false)} />],
          [
            t('details.fields.attested'),
            <Hospitals key="same" mspIds={data.attestations.map(({ mspId }) => mspId)} />,
          ],
        ] as Shown)),
    [t('details.fields.aggregate'), digest(round.aggregate?.parametersSha256)],
    [t('details.fields.seal'), digest(round.seal)],
  ];
  return <Facts facts={shown} />;
}

function UpdateFacts({
  studyId,
  node,
}: {
  readonly studyId: string;
  readonly node: Extract<LineageNode, { kind: 'update' }>;
}) {
  const { t } = useTranslation('model');
  const may = useMay('getUpdate');
  const { data } = useQuery({
    ...apiQuery('getUpdate', { path: { studyId, round: node.round.round, datasetId: node.datasetId } }),
    enabled: may && node.fate !== 'none',
  });
  const excluded =
    node.round.excluded?.find(({ datasetId }) => datasetId === node.datasetId)?.rejectedBy ?? [];
  const event = data?.privacyEvent;
  const shown: Shown = [
    [t('details.fields.owner'), <HospitalName key="owner" mspId={node.owner} />],
    [t('details.fields.fate'), t(`lineage.fates.${node.fate}`)],
    ...(node.fate === 'left-out' && excluded.length > 0
      ? ([
          [
            t('details.fields.rejected'),
            <span key="rejected">
              {excluded.map(({ mspId, reason }, index) => (
                <span key={mspId}>
                  {index > 0 && ', '}
                  <HospitalName mspId={mspId} /> ({t(`details.reasons.${reason}`)})
                </span>
              ))}
            </span>,
          ],
        ] as Shown)
      : []),
    ...(data === undefined || event === undefined
      ? []
      : ([
          [t('details.fields.epsilon'), <Epsilon key="epsilon" value={data.claimedEpsilon} />],
          [
            t('details.fields.noise'),
            t('details.fields.noiseValue', {
              noise: event.noiseMultiplier,
              steps: event.steps,
              rate: event.samplingRate,
            }),
          ],
          [t('details.fields.artefact'), digest(data.artefact.sha256)],
        ] as Shown)),
  ];
  return <Facts facts={shown} />;
}

function ConsentFacts({ consent }: { readonly consent: Consent }) {
  const { t } = useTranslation('model');
  const { blocks = [], stewards = [], withdrawnAt, reason } = consent;
  const shown: Shown = [
    [t('details.fields.state'), <StateBadge key="state" state={consent.state} />],
    [t('details.fields.owner'), <HospitalName key="owner" mspId={consent.owner} />],
    [t('details.fields.given'), <Time key="given" at={consent.grantedAt} form="absolute" />],
    ...(stewards.length === 0
      ? []
      : ([[t('details.fields.stewards'), <bdi key="stewards">{stewards.join(', ')}</bdi>]] as Shown)),
    ...(withdrawnAt === undefined
      ? []
      : ([[t('details.fields.withdrawn'), <Time key="gone" at={withdrawnAt} form="absolute" />]] as Shown)),
    ...(reason === undefined
      ? []
      : ([[t('details.fields.reason'), <bdi key="reason">{reason}</bdi>]] as Shown)),
    [t('details.fields.text'), t('details.fields.textValue', { version: consent.studyVersion ?? 1 })],
    [t('details.fields.textDigest'), digest(consent.studySha256)],
    ...(blocks.length === 0
      ? []
      : ([[t('details.fields.blocks'), blocks.map(({ block }) => block).join(', ')]] as Shown)),
    [t('details.fields.claimed'), <Epsilon key="claimed" value={consent.claimedEpsilon.training} />],
  ];
  return <Facts facts={shown} />;
}

function DatasetFacts({ dataset }: { readonly dataset: Dataset }) {
  const { t } = useTranslation('model');
  const words = useTranslation().t;
  const { recordCountBand: band, privacyBudget: budget, dictionary } = dataset;
  const purposes = dataset.terms.purposes.map((purpose) => words(`purposes.${purpose}`));
  const shown: Shown = [
    [t('details.fields.owner'), <HospitalName key="owner" mspId={dataset.owner} />],
    [t('details.fields.band'), t('details.fields.bandValue', { low: band.low, high: band.high })],
    [t('details.fields.features'), dictionary.features.length],
    [
      t('details.fields.budget'),
      <span key="budget">
        <Epsilon value={budget.epsilon} rounding="down" />, <Delta value={budget.delta} />
      </span>,
    ],
    [t('details.fields.purposes'), purposes.join('; ')],
    [t('details.fields.commitment'), <Code key="commitment" text={dataset.commitment} length={12} />],
  ];
  return (
    <>
      <Facts facts={shown} />
      <p>
        <Link href={`/questions/uses-of-dataset?datasetId=${encodeURIComponent(dataset.datasetId)}`}>
          {t('details.fields.datasetPage')}
        </Link>
      </p>
    </>
  );
}

/** The query for every version of a thing's row, newest first; undefined where it is no row. */
function historyOf({ model: { studyId } }: LineageFacts, node: LineageNode) {
  const query = { limit: VERSIONS_MOST };
  switch (node.kind) {
    case 'model':
      return apiQuery('getModelHistory', { path: { studyId }, query });
    case 'round':
      return apiQuery('getRoundHistory', { path: { studyId, round: node.round.round }, query });
    case 'update':
      return node.fate === 'none'
        ? undefined
        : apiQuery('getUpdateHistory', {
            path: { studyId, round: node.round.round, datasetId: node.datasetId },
            query,
          });
    case 'consent':
      return apiQuery('getConsentHistory', { path: { studyId, datasetId: node.consent.datasetId }, query });
    case 'dataset':
      return apiQuery('getDatasetHistory', { path: { datasetId: node.dataset.datasetId }, query });
    default:
      return undefined;
  }
}
const VERSIONS_MOST = 20;

/** The transactions that recorded a thing, newest first. */
function Versions({ facts, node }: Pick<DetailsProps, 'facts' | 'node'>) {
  const { t } = useTranslation('model');
  const query = historyOf(facts, node);
  // A hook is called in any case; of what is no row it asks nothing.
  const none = apiQuery('getModelHistory', { path: { studyId: facts.model.studyId } });
  const { data, error, refetch } = useQuery({
    ...((query ?? none) as typeof none),
    enabled: query !== undefined,
  });
  if (query === undefined) return null;
  if (data === undefined)
    return error === null ? <Loading lines={2} /> : <Failure error={error} retry={() => void refetch()} />;
  return (
    <div className={styles.main}>
      <h3>{t('details.changes')}</h3>
      <ol className={styles.versions}>
        {data.items.map(({ transactionId, at }) => (
          <li key={transactionId}>
            <Time at={at} form="absolute" />
            <Sender transactionId={transactionId} />
            <span className="small">
              <Link href={`/ledger/transactions/${transactionId}`}>
                {t('details.transaction')} <code>{transactionId.slice(0, 12)}…</code>
              </Link>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** What a transaction did, and who sent it. */
function Sender({ transactionId }: { readonly transactionId: string }) {
  const { t } = useTranslation('model');
  const words = useTranslation().t;
  const may = useMay('getTransaction');
  const { data } = useQuery({ ...apiQuery('getTransaction', { path: { transactionId } }), enabled: may });
  if (data?.recorded == null) return null;
  const { name, sender } = data.recorded;
  const { mspId, person, role } = sender;
  const known = role !== null && ROLES.has(role) ? words(`roles.${role as 'steward'}`) : (role ?? '');
  return (
    <>
      <span>
        <code>{name}</code>
      </span>
      <span className="small">
        <HospitalName mspId={mspId} />
        {person !== null && (
          <>
            {' · '}
            <bdi>{role === null ? person : t('details.person', { person, role: known })}</bdi>
          </>
        )}
      </span>
    </>
  );
}
const ROLES: ReadonlySet<string> = new Set(['operator', 'steward', 'researcher', 'trainer', 'auditor']);
