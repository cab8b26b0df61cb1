// What the hospital of each dataset has answered, with reasons; and what withdrawals ask the others to erase.
import type { Consent, DatasetErasures, Decline, StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../app/session.tsx';
import { ButtonLink } from '../../components/button-link.tsx';
import { Epsilon } from '../../components/epsilon.tsx';
import { Term } from '../../components/meaning.tsx';
import { DatasetName, HospitalName, useDatasets } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Failure, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { standingOf } from '../consent/decision.ts';
import { DatasetOf } from './dataset-of.tsx';
import styles from './study.module.css';
import { useDeclines, useErasures, useRecord } from './study-queries.ts';

/** One dataset that a study asks for. */
interface Asked {
  readonly datasetId: string;
  readonly owner: string;
  readonly consent: Consent | undefined;
  readonly decline: Decline | undefined;
}

export function Consents({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const record = useRecord(study.studyId);
  const declines = useDeclines(study.studyId);
  const datasets = useDatasets();
  const columns = useColumns(study);
  const withdrawn = record.data?.consents.some(({ withdrawnAt }) => withdrawnAt !== undefined) ?? false;
  return (
    <>
      <Section title={t('consents.title')} isPlain>
        {declines.error !== null && <Failure error={declines.error} />}
        <QueryState query={record} isEmpty={() => false}>
          {({ consents }) => (
            <Table
              caption={t('consents.caption')}
              isCaptionUnseen
              columns={columns}
              rows={study.datasets.map((datasetId): Asked => {
                const consent = consents.find((one) => one.datasetId === datasetId);
                const decline = declines.data?.find((one) => one.datasetId === datasetId);
                const owner = consent?.owner ?? decline?.owner ?? datasets.get(datasetId)?.owner ?? '';
                return { datasetId, owner, consent, decline };
              })}
              rowKey={({ datasetId }) => datasetId}
            />
          )}
        </QueryState>
      </Section>
      {withdrawn && <Erasures studyId={study.studyId} />}
    </>
  );
}

function useColumns(study: StudyAnswer): readonly Column<Asked>[] {
  const { t } = useTranslation('study');
  const { hospital } = useSession();
  return [
    {
      id: 'dataset',
      header: t('consents.dataset'),
      isRowHeader: true,
      cell: ({ datasetId, owner }) => <DatasetOf datasetId={datasetId} mspId={owner} />,
    },
    {
      id: 'answer',
      header: t('consents.answer'),
      cell: (asked) => {
        const version = asked.consent?.studyVersion ?? asked.decline?.studyVersion ?? 1;
        const standing = standingOf(study, asked);
        return (
          <span className={styles.part}>
            <StateBadge state={standing} />
            {version !== (study.version ?? 1) && standing !== 'waiting' && (
              <span className="small soft">{t('consents.ofText', { version })}</span>
            )}
          </span>
        );
      },
    },
    {
      id: 'when',
      header: t('consents.when'),
      cell: ({ consent, decline }) => {
        const at = consent?.withdrawnAt ?? consent?.grantedAt ?? decline?.declinedAt;
        return at === undefined ? '–' : <Time at={at} />;
      },
    },
    {
      id: 'who',
      header: t('consents.who'),
      cell: ({ consent, decline }) => (
        <bdi className="mono small">{consent?.stewards?.join(', ') ?? decline?.steward ?? '–'}</bdi>
      ),
    },
    {
      id: 'cost',
      header: t('consents.cost'),
      headerContent: <Term meaning={t('consents.costMeaning')}>{t('consents.cost')}</Term>,
      cell: ({ consent }) =>
        consent === undefined ? (
          '–'
        ) : (
          <span className={styles.pair}>
            <Epsilon value={consent.claimedEpsilon.training} isBare /> ·{' '}
            <Epsilon value={consent.claimedEpsilon.heldOut} isBare />
          </span>
        ),
    },
    {
      id: 'reason',
      header: t('consents.reason'),
      cell: ({ consent, decline }) => {
        if (consent?.reason !== undefined) return <bdi>{consent.reason}</bdi>;
        if (consent !== undefined || decline === undefined) return '';
        return (
          <span className={styles.named}>
            <span>{t(`consents.code.${decline.code}`)}</span>
            <bdi className="small soft">{decline.reason}</bdi>
          </span>
        );
      },
    },
    {
      id: 'open',
      header: t('consents.yours'),
      cell: ({ datasetId, owner, consent }) =>
        owner === hospital.mspId && (
          <ButtonLink isSmall to={`/studies/${study.studyId}/consent/${datasetId}`}>
            {consent === undefined ? t('consents.open') : t('consents.look')}
          </ButtonLink>
        ),
    },
  ];
}

/** What withdrawals of a study ask for: who has erased, who owes it, and who is late. */
export function Erasures({ studyId, datasetId }: { readonly studyId: string; readonly datasetId?: string }) {
  const { t } = useTranslation('study');
  const erasures = useErasures(studyId, true);
  const hospitals = (mspIds: readonly string[]) =>
    mspIds.length === 0 ? (
      <span className="soft">{t('consents.nobody')}</span>
    ) : (
      <span className={styles.named}>
        {mspIds.map((mspId) => (
          <HospitalName key={mspId} mspId={mspId} />
        ))}
      </span>
    );
  const columns: readonly Column<DatasetErasures>[] = [
    {
      id: 'dataset',
      header: t('consents.dataset'),
      isRowHeader: true,
      cell: (row) => <DatasetName datasetId={row.datasetId} />,
    },
    {
      id: 'withdrawn',
      header: t('consents.withdrawnAt'),
      cell: ({ withdrawnAt }) => <Time at={withdrawnAt} />,
    },
    { id: 'due', header: t('consents.due'), cell: ({ dueAt }) => <Time at={dueAt} /> },
    {
      id: 'done',
      header: t('consents.erased'),
      cell: ({ done }) => hospitals(done.map(({ mspId }) => mspId)),
    },
    { id: 'owed', header: t('consents.owed'), cell: ({ owed }) => hospitals(owed) },
    { id: 'overdue', header: t('consents.overdue'), cell: ({ overdue }) => hospitals(overdue) },
  ];
  return (
    <Section title={t('consents.erasuresTitle')} lead={t('consents.erasuresLead')} isPlain>
      <QueryState query={erasures}>
        {(rows) => (
          <Table
            caption={t('consents.erasuresCaption')}
            isCaptionUnseen
            columns={columns}
            rows={rows.filter((row) => datasetId === undefined || row.datasetId === datasetId)}
            rowKey={(row) => row.datasetId}
          />
        )}
      </QueryState>
    </Section>
  );
}
