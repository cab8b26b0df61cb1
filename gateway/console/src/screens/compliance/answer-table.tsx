// A table of an answer: its main columns first, each cell shown as what it is, and rows that one must not overlook
// marked in words.
import type { ReactNode } from 'react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Icon } from '../../components/icon.tsx';
import { Meaning, Term } from '../../components/meaning.tsx';
import { Section } from '../../components/page.tsx';
import { StateBadge, type StateName } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import { formatDay } from '../../format/times.ts';
import words from '../../texts/en/words.json' with { type: 'json' };
import {
  type Alarm,
  alarmOf,
  type Cell,
  cellKind,
  columnsOf,
  isNumeric,
  readMeaning,
} from './answer-cells.ts';
import { type AnswerGiven, type AnswerRow, rowsOf } from './answer-form.ts';
import styles from './compliance.module.css';
import type { AnswerTable as TableForm } from './question-forms.ts';

interface Indexed {
  readonly index: number;
  readonly row: AnswerRow;
}

/** How many rows of a table beside the main one are shown at first. */
const ROWS_SHOWN = 20;

export function AnswerTable(props: {
  readonly table: TableForm;
  readonly answer: AnswerGiven;
  /** Of the question's main table every row is shown. */
  readonly isMain: boolean;
}) {
  const { table, answer, isMain } = props;
  const { t } = useTranslation('compliance');
  const [isWide, setWide] = useState(false);
  const rows = rowsOf(answer, table.name);
  const [isWhole, setWhole] = useState(isMain);
  const indexed = useMemo(() => rows.map((row, index): Indexed => ({ index, row })), [rows]);
  const shown = isWhole ? indexed : indexed.slice(0, ROWS_SHOWN);
  const meanings = answer.meanings[table.name] ?? {};
  const known = columnsOf(meanings, rows);
  // A main column that no row fills, such as when a consent was withdrawn, says nothing.
  const isFilled = (field: string) => rows.some((row) => row[field] !== null && row[field] !== undefined);
  const fields = isWide ? known : table.columns.filter((field) => known.includes(field) && isFilled(field));
  const hasAlarm = rows.some((row) => alarmOf(row) !== undefined);
  const title = t(`tables.${table.name as 'uses'}`);
  const columns: Column<Indexed>[] = fields.map((field, place) => {
    const { title: header, means } = readMeaning(meanings[field], field);
    return {
      id: field,
      header,
      headerContent: <Term meaning={means}>{header}</Term>,
      isNumber: isNumeric(table.name, field, rows),
      isRowHeader: place === 0,
      cell: ({ row }) => (
        // One element: on a phone a cell is a row of its name and its content.
        <div className={isLong(row[field]) ? styles.long : undefined}>
          {place === 0 && hasAlarm && <AlarmMark alarm={alarmOf(row)} />}
          <CellOf table={table.name} field={field} row={row} />
        </div>
      ),
    };
  });
  return (
    <Section
      title={title}
      isPlain={rows.length > 0}
      {...(rows.length > 0 &&
        known.length > table.columns.length && {
          actions: (
            <Button isSmall onPress={() => setWide(!isWide)} aria-pressed={isWide}>
              {t(isWide ? 'columns.few' : 'columns.all')}
            </Button>
          ),
        })}
    >
      {rows.length === 0 ? (
        <p className="soft">{t('noRows')}</p>
      ) : (
        <div className={styles.stack}>
          <Table
            caption={title}
            isCaptionUnseen
            columns={columns}
            rows={shown}
            rowKey={({ index }) => String(index)}
          />
          {shown.length < indexed.length && (
            <div className={styles.unprinted}>
              <Button isSmall onPress={() => setWhole(true)}>
                {t('allRows', { count: indexed.length, formatted: formatCount(indexed.length) })}
              </Button>
            </div>
          )}
        </div>
      )}
    </Section>
  );
}

/** A text that would be a letter wide beside many columns. */
const isLong = (value: Cell): boolean =>
  (typeof value === 'string' && value.length > 20 && /\s/.test(value)) ||
  (Array.isArray(value) && value.length > 0);

function AlarmMark({ alarm }: { readonly alarm: Alarm | undefined }) {
  const { t } = useTranslation('compliance');
  if (alarm === undefined) return null;
  return (
    <span className={`${styles.mark} ${alarm === 'overdue' ? styles.grave : ''}`}>
      <Icon name={alarm === 'overdue' ? 'clock' : alarm === 'withdrawn' ? 'cross' : 'warning'} />
      <Meaning meaning={t(`alarmMeanings.${alarm}`)} className={styles.markText}>
        {t(`alarms.${alarm}`)}
      </Meaning>
    </span>
  );
}

const isState = (text: string): text is StateName => Object.hasOwn(words.states, text);

function CellOf({
  table,
  field,
  row,
}: {
  readonly table: string;
  readonly field: string;
  readonly row: AnswerRow;
}) {
  const { t } = useTranslation('compliance');
  const shared = useTranslation().t;
  const value = row[field];
  const kind = cellKind(table, field);
  if (value === null || value === undefined || (typeof value === 'object' && value.length === 0)) {
    return <span className="soft">{t('none')}</span>;
  }
  if (kind === 'overdue') {
    return value === true ? <StateBadge state="overdue" /> : t('no');
  }
  if (kind === 'effect') {
    return value === true ? t('yes') : <StateBadge state="invalid" />;
  }
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value === 'number') {
    return kind === 'block' ? (
      <Link href={`/ledger/blocks/${value}`}>{formatCount(value)}</Link>
    ) : (
      formatCount(value)
    );
  }
  if (typeof value !== 'string') return <Parts parts={value} />;
  const cells: Partial<Record<typeof kind, () => ReactNode>> = {
    epsilon: () => <Epsilon value={value} isBare />,
    'epsilon-left': () => <Epsilon value={value} rounding="down" isBare />,
    delta: () => <Delta value={value} isBare />,
    time: () => <Time at={value} form="absolute" />,
    day: () => <time dateTime={value}>{formatDay(`${value}T12:00:00Z`)}</time>,
    study: () => <Link href={`/studies/${encodeURIComponent(value)}`}>{value}</Link>,
    dataset: () => (
      <Link href={`/questions/uses-of-dataset?datasetId=${encodeURIComponent(value)}`}>{value}</Link>
    ),
    transaction: () => (
      <Link href={`/ledger/transactions/${encodeURIComponent(value)}`}>
        <code title={value}>{value.slice(0, 12)}…</code>
      </Link>
    ),
    digest: () => <Code text={value} length={12} />,
    pool: () =>
      value === 'training' || value === 'held-out' ? (
        <span className={styles.pool}>{shared(`pools.${value}`)}</span>
      ) : (
        value
      ),
    state: () => (isState(value) ? <StateBadge state={value} /> : <bdi>{value}</bdi>),
    kept: () => (Object.hasOwn(KEPT, value) ? t(`kept.${value as keyof typeof KEPT}`) : <bdi>{value}</bdi>),
  };
  return cells[kind]?.() ?? <Titled row={row} field={field} value={value} />;
}
const KEPT = { none: true, without: true, kept: true, retired: true };

/** A title leads to what it is the title of. */
function Titled({
  row,
  field,
  value,
}: {
  readonly row: AnswerRow;
  readonly field: string;
  readonly value: string;
}) {
  const of = (name: string): string | undefined => {
    const id: Cell = row[name];
    return typeof id === 'string' ? encodeURIComponent(id) : undefined;
  };
  const study = field === 'studyTitle' ? of('studyId') : undefined;
  const dataset = field === 'datasetTitle' ? of('datasetId') : undefined;
  if (study !== undefined) {
    return (
      <Link href={`/studies/${study}`}>
        <bdi>{value}</bdi>
      </Link>
    );
  }
  if (dataset !== undefined) {
    return (
      <Link href={`/questions/uses-of-dataset?datasetId=${dataset}`}>
        <bdi>{value}</bdi>
      </Link>
    );
  }
  return <bdi>{value}</bdi>;
}

function Parts({ parts }: { readonly parts: readonly string[] }) {
  return (
    <ul className={styles.parts}>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one cell are never moved
        <li key={index}>
          <bdi>{part}</bdi>
        </li>
      ))}
    </ul>
  );
}
