// All models: what the studies of the consortium came to.

import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { gateway } from '../../api/client.ts';
import { useApiPages } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { TextField } from '../../components/fields.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import styles from './model.module.css';

/** Titles of studies by their ids; empty until they are read. */
function useStudyTitles(): ReadonlyMap<string, string> {
  const enabled = useMay('listStudies');
  const { data } = useQuery({
    queryKey: ['listStudies', {}, { all: true }],
    queryFn: async () => {
      const titles = new Map<string, string>();
      for await (const { studyId, title } of gateway.items('listStudies', { query: { limit: 100 } }))
        titles.set(studyId, title);
      return titles;
    },
    enabled,
  });
  return data ?? new Map();
}

export default function ModelList() {
  const { t } = useTranslation('model');
  const models = useApiPages('listModels', { query: { limit: 100 } });
  const titles = useStudyTitles();
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = useMemo(
    () =>
      (models.data ?? [])
        .filter(({ studyId }) => `${studyId} ${titles.get(studyId) ?? ''}`.toLowerCase().includes(wanted))
        .toSorted((a, b) => b.publishedAt.localeCompare(a.publishedAt)),
    [models.data, titles, wanted],
  );
  type Row = (typeof found)[number];
  const columns: readonly Column<Row>[] = [
    {
      id: 'study',
      header: t('list.study'),
      isRowHeader: true,
      sortBy: ({ studyId }) => titles.get(studyId) ?? studyId,
      cell: ({ studyId }) => (
        <Link href={`/models/${studyId}`}>
          <bdi>{titles.get(studyId) ?? studyId}</bdi>
        </Link>
      ),
    },
    {
      id: 'published',
      header: t('list.published'),
      sortBy: ({ publishedAt }) => publishedAt,
      cell: ({ publishedAt }) => <Time at={publishedAt} form="absolute" />,
    },
    {
      id: 'by',
      header: t('list.by'),
      sortBy: ({ publishedBy }) => publishedBy,
      cell: ({ publishedBy }) => <HospitalName mspId={publishedBy} />,
    },
    {
      id: 'rounds',
      header: t('list.rounds'),
      isNumber: true,
      sortBy: ({ rounds }) => rounds.length,
      cell: ({ rounds }) => formatCount(rounds.length),
    },
    {
      id: 'datasets',
      header: t('list.datasets'),
      isNumber: true,
      sortBy: ({ datasets }) => datasets.length,
      cell: ({ datasets }) => formatCount(datasets.length),
    },
  ];
  return (
    <Page title={t('title')} lead={t('lead')}>
      <QueryState
        query={models}
        lines={6}
        empty={<Empty title={t('list.emptyTitle')}>{t('list.emptyDetail')}</Empty>}
      >
        {(all) => (
          <div className={styles.stack}>
            {(all.length > 8 || models.more.has) && (
              <div className={styles.search}>
                <TextField
                  label={t('list.search')}
                  help={t('list.searchHelp')}
                  value={text}
                  onChange={setText}
                />
              </div>
            )}
            <Table
              caption={t('list.caption')}
              columns={columns}
              rows={found}
              rowKey={({ studyId }) => studyId}
              more={models.more}
            />
          </div>
        )}
      </QueryState>
    </Page>
  );
}
