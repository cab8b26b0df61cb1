// Every study of the consortium, by state, purpose and who asks.
import type { StudySummary } from '@consilium/client/browser';
import { STUDY_STATES } from '@consilium/domain';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useApiPages } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { ButtonLink } from '../../components/button-link.tsx';
import { Select } from '../../components/fields.tsx';
import { HospitalName, useMembers } from '../../components/names.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import type words from '../../texts/en/words.json';
import styles from './study.module.css';

type Purpose = keyof (typeof words)['purposes'];
const ANY = 'any';

interface Filters {
  readonly state: (typeof STUDY_STATES)[number] | typeof ANY;
  readonly purpose: Purpose | typeof ANY;
  readonly owner: string;
}
const NONE: Filters = { state: ANY, purpose: ANY, owner: ANY };

/** What is chosen, as the list is asked. */
const askedBy = (filters: Filters) =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ANY)) as {
    readonly state?: (typeof STUDY_STATES)[number];
    readonly purpose?: Purpose;
    readonly owner?: string;
  };

export default function StudyList() {
  const { t } = useTranslation('study');
  const [filters, setFilters] = useState(NONE);
  const studies = useApiPages('listStudies', { query: askedBy(filters) });
  const isFiltered = Object.keys(askedBy(filters)).length > 0;
  const columns = useColumns();
  const mayPropose = useMay('proposeStudy');
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      {...(mayPropose && {
        actions: (
          <ButtonLink to="/propose" tone="primary">
            {t('propose')}
          </ButtonLink>
        ),
      })}
    >
      <FilterRow filters={filters} onChange={setFilters} />
      <QueryState
        query={studies}
        empty={
          <Empty title={t('list.emptyTitle')}>
            {isFiltered ? t('list.emptyFiltered') : t(mayPropose ? 'list.emptyMay' : 'list.empty')}
          </Empty>
        }
      >
        {(rows) => (
          <Table
            caption={t('list.caption')}
            isCaptionUnseen
            columns={columns}
            rows={rows.toSorted((one, other) => other.proposedAt.localeCompare(one.proposedAt))}
            rowKey={({ studyId }) => studyId}
            more={studies.more}
          />
        )}
      </QueryState>
    </Page>
  );
}

function FilterRow({
  filters,
  onChange,
}: {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}) {
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  const members = useMembers();
  const any = { value: ANY, label: t('filters.any') } as const;
  const purposes = word('purposes', { returnObjects: true });
  return (
    <section className={styles.filters} aria-label={t('filters.label')}>
      <Select
        label={t('filters.state')}
        value={filters.state}
        onChange={(state) => onChange({ ...filters, state })}
        choices={[any, ...STUDY_STATES.map((state) => ({ value: state, label: word(`states.${state}`) }))]}
      />
      <Select
        label={t('filters.purpose')}
        value={filters.purpose}
        onChange={(purpose) => onChange({ ...filters, purpose })}
        choices={[
          any,
          ...(Object.keys(purposes) as Purpose[]).map((value) => ({ value, label: purposes[value] })),
        ]}
      />
      <Select
        label={t('filters.requester')}
        value={filters.owner}
        onChange={(owner) => onChange({ ...filters, owner })}
        choices={[any, ...[...members.values()].map(({ mspId, title }) => ({ value: mspId, label: title }))]}
      />
      {filters !== NONE && (
        <Button tone="quiet" onPress={() => onChange(NONE)}>
          {t('filters.clear')}
        </Button>
      )}
    </section>
  );
}

function useColumns(): readonly Column<StudySummary>[] {
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  return [
    {
      id: 'study',
      header: t('list.study'),
      isRowHeader: true,
      sortBy: ({ title }) => title,
      cell: ({ studyId, title }) => (
        <span className={styles.named}>
          <Link href={`/studies/${studyId}`}>
            <bdi>{title}</bdi>
          </Link>
          <span className="mono small soft">{studyId}</span>
        </span>
      ),
    },
    {
      id: 'state',
      header: t('list.state'),
      sortBy: ({ state }) => word(`states.${state}`),
      cell: ({ state }) => <StateBadge state={state} />,
    },
    {
      id: 'purpose',
      header: t('list.purpose'),
      cell: ({ purpose }) => word(`purposes.${purpose}`),
    },
    {
      id: 'requester',
      header: t('list.requester'),
      cell: ({ requester }) => <HospitalName mspId={requester} />,
    },
    {
      id: 'datasets',
      header: t('list.datasets'),
      isNumber: true,
      sortBy: ({ datasets }) => datasets.length,
      cell: ({ datasets }) => datasets.length,
    },
    {
      id: 'rounds',
      header: t('list.rounds'),
      isNumber: true,
      sortBy: ({ rounds }) => rounds,
      cell: ({ rounds }) => rounds,
    },
    {
      id: 'proposed',
      header: t('list.proposed'),
      sortBy: ({ proposedAt }) => Date.parse(proposedAt),
      cell: ({ proposedAt }) => <Time at={proposedAt} />,
    },
  ];
}
