// What rounds leave behind: contradictions of anybody, and the receipts of this hospital's updates.
import type { Equivocation, Receipt, StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useApiPages } from '../../api/queries.ts';
import { useSession } from '../../app/session.tsx';
import { Code } from '../../components/copy.tsx';
import { DatasetName, HospitalName } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import styles from './study.module.css';
import { useEquivocations } from './study-queries.ts';

export function Records({ study }: { readonly study: StudyAnswer }) {
  return (
    <>
      <Equivocations studyId={study.studyId} />
      <Receipts studyId={study.studyId} />
    </>
  );
}

function Equivocations({ studyId }: { readonly studyId: string }) {
  const { t } = useTranslation('study');
  const equivocations = useEquivocations(studyId);
  const columns: readonly Column<Equivocation>[] = [
    {
      id: 'hospital',
      header: t('records.hospital'),
      isRowHeader: true,
      cell: ({ mspId }) => <HospitalName mspId={mspId} />,
    },
    { id: 'round', header: t('records.round'), isNumber: true, cell: ({ round }) => round },
    {
      id: 'statement',
      header: t('records.statement'),
      cell: ({ statement }) => t(`records.statements.${statement}`),
    },
    {
      id: 'recorded',
      header: t('records.recorded'),
      cell: ({ recordedSha256 }) => <Code text={recordedSha256} length={12} />,
    },
    {
      id: 'other',
      header: t('records.other'),
      cell: ({ contradictingSha256 }) => <Code text={contradictingSha256} length={12} />,
    },
    {
      id: 'by',
      header: t('records.reportedBy'),
      cell: ({ reportedBy }) => <HospitalName mspId={reportedBy} />,
    },
  ];
  return (
    <Section title={t('records.equivocationsTitle')} lead={t('records.equivocationsLead')} isPlain>
      <QueryState
        query={equivocations}
        empty={<Empty title={t('records.equivocationsEmptyTitle')}>{t('records.equivocationsEmpty')}</Empty>}
      >
        {(rows) => (
          <Table
            caption={t('records.equivocationsCaption')}
            isCaptionUnseen
            columns={columns}
            rows={rows}
            rowKey={({ mspId, round, statement }) => `${mspId} ${round} ${statement}`}
          />
        )}
      </QueryState>
    </Section>
  );
}

function Receipts({ studyId }: { readonly studyId: string }) {
  const { t } = useTranslation('study');
  const { hospital } = useSession();
  const receipts = useApiPages('listReceipts', { path: { studyId, mspId: hospital.mspId } });
  const columns: readonly Column<Receipt>[] = [
    {
      id: 'round',
      header: t('records.round'),
      isRowHeader: true,
      cell: ({ round }) => round,
    },
    {
      id: 'dataset',
      header: t('records.dataset'),
      cell: ({ datasetId }) => <DatasetName datasetId={datasetId} />,
    },
    {
      id: 'outcome',
      header: t('records.outcome'),
      cell: ({ outcome, cause }) => (
        <span className={styles.named}>
          <span>{t(`records.outcomes.${outcome}`)}</span>
          {cause !== null && <span className="small soft">{t(`records.causes.${cause}`)}</span>}
        </span>
      ),
    },
    {
      id: 'accepted',
      header: t('records.accepted'),
      cell: ({ acceptedBy, needed }) => t('records.acceptedValue', { count: acceptedBy.length, needed }),
    },
    {
      id: 'digest',
      header: t('records.digest'),
      cell: ({ updateSha256 }) => (updateSha256 === null ? '–' : <Code text={updateSha256} length={12} />),
    },
  ];
  return (
    <Section title={t('records.receiptsTitle')} lead={t('records.receiptsLead')} isPlain>
      <QueryState
        query={{ ...receipts, data: receipts.data as readonly Receipt[] | undefined }}
        empty={<Empty title={t('records.receiptsEmptyTitle')}>{t('records.receiptsEmpty')}</Empty>}
      >
        {(rows) => (
          <Table
            caption={t('records.receiptsCaption')}
            isCaptionUnseen
            columns={columns}
            rows={rows}
            rowKey={({ round, datasetId }) => `${round} ${datasetId}`}
            more={receipts.more}
          />
        )}
      </QueryState>
    </Section>
  );
}
