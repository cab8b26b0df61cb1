// Tables: with a caption, sorted by those columns that can be, loaded page by page. Long ones keep only the rows in
// sight in the page (windowed-rows.tsx). On a phone each row becomes a block with the names of its columns; the
// roles are said in full, since another display would take them away.
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../format/numbers.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import styles from './table.module.css';
import { type RowAttributes, WindowedRows } from './windowed-rows.tsx';

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  /** In place of the plain header, such as a Term. */
  readonly headerContent?: ReactNode;
  readonly cell: (row: T) => ReactNode;
  /** What rows are sorted by; a column without it is not. */
  readonly sortBy?: (row: T) => string | number;
  /** Numbers are aligned at their end. */
  readonly isNumber?: boolean;
  /** The cell that names its row. One column has it. */
  readonly isRowHeader?: boolean;
}

export interface TableProps<T> {
  readonly caption: string;
  /** For screen readers alone, where a heading beside it says the same. */
  readonly isCaptionUnseen?: boolean;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** Where there are more: `more` of useApiPages. */
  readonly more?: { readonly has: boolean; readonly isLoading: boolean; readonly load: () => void };
}

/** More rows than this are windowed. */
const WINDOWED_FROM = 250;

interface Sort {
  readonly id: string;
  readonly isDown: boolean;
}

/** Rows in the order of a column. */
export function sortRows<T>(
  rows: readonly T[],
  by: (row: T) => string | number,
  isDown: boolean,
): readonly T[] {
  const sign = isDown ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    return sign * order;
  });
}

export function Table<T>(props: TableProps<T>) {
  const { caption, isCaptionUnseen = false, columns, rows, rowKey, more } = props;
  const { t } = useTranslation();
  const [sort, setSort] = useState<Sort | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => {
    const by = columns.find(({ id }) => id === sort?.id)?.sortBy;
    return sort === null || by === undefined ? rows : sortRows(rows, by, sort.isDown);
  }, [rows, columns, sort]);
  const isWindowed = rows.length > WINDOWED_FROM;
  const press = (id: string) =>
    setSort((now) => (now?.id !== id ? { id, isDown: false } : now.isDown ? null : { id, isDown: true }));
  return (
    <div className={styles.frame} data-table="">
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <div
        ref={scroller}
        className={`${styles.scroller} ${isWindowed ? styles.windowed : ''}`}
        {...(isWindowed && { tabIndex: 0, role: 'group', 'aria-label': `${caption}: ${t('table.scroll')}` })}
      >
        {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: as above */}
        <table
          role="table"
          className={styles.table}
          {...(isWindowed && { 'aria-rowcount': more?.has ? -1 : rows.length + 1 })}
        >
          <caption className={isCaptionUnseen ? 'unseen' : styles.caption}>{caption}</caption>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <HeaderCell key={column.id} column={column} sort={sort} onPress={press} />
              ))}
            </tr>
          </thead>
          {isWindowed ? (
            <WindowedRows
              scroller={scroller}
              count={sorted.length}
              columns={columns.length}
              row={(index, attributes) => (
                <Row key={rowKey(sorted[index]!)} row={sorted[index]!} columns={columns} {...attributes} />
              )}
            />
          ) : (
            <tbody role="rowgroup">
              {sorted.map((row) => (
                <Row key={rowKey(row)} row={row} columns={columns} />
              ))}
            </tbody>
          )}
        </table>
      </div>
      {more !== undefined && (more.has || isWindowed) && (
        <div className={styles.more}>
          <span className="small soft">
            {more.has
              ? t('table.countMore', { count: rows.length })
              : t('table.count', { count: rows.length, formatted: formatCount(rows.length) })}
          </span>
          {more.has && (
            <Button isSmall isWorking={more.isLoading} onPress={more.load}>
              {t('actions.showMore')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

interface HeaderProps<T> {
  readonly column: Column<T>;
  readonly sort: Sort | null;
  readonly onPress: (id: string) => void;
}

function HeaderCell<T>({ column, sort, onPress }: HeaderProps<T>) {
  const { id, header, headerContent, sortBy, isNumber } = column;
  const sorted = sort?.id === id ? (sort.isDown ? 'descending' : 'ascending') : undefined;
  const icon = { ascending: 'up', descending: 'down' } as const;
  return (
    <th role="columnheader" scope="col" className={isNumber ? styles.number : undefined} aria-sort={sorted}>
      {sortBy === undefined ? (
        (headerContent ?? header)
      ) : (
        <button type="button" className={styles.sort} onClick={() => onPress(id)}>
          {header}
          <Icon name={sorted === undefined ? 'both' : icon[sorted]} className={styles.sortIcon} />
        </button>
      )}
    </th>
  );
}

function Row<T>({
  row,
  columns,
  rowIndex,
  measure,
}: { readonly row: T; readonly columns: readonly Column<T>[] } & RowAttributes) {
  return (
    <tr
      role="row"
      ref={measure}
      {...(rowIndex !== undefined && { 'aria-rowindex': rowIndex + 2, 'data-index': rowIndex })}
    >
      {columns.map(({ id, header, cell, isNumber, isRowHeader }) =>
        isRowHeader ? (
          <th key={id} role="rowheader" scope="row" data-name={header}>
            <Said>{cell(row)}</Said>
          </th>
        ) : (
          <td key={id} role="cell" data-name={header} className={isNumber ? styles.number : undefined}>
            <Said>{cell(row)}</Said>
          </td>
        ),
      )}
    </tr>
  );
}

/** What a cell says, in one piece: on a phone it is beside the name of its column. */
const Said = ({ children }: { readonly children: ReactNode }) =>
  children === null || children === undefined || children === '' || children === false ? null : (
    <div className={styles.said}>{children}</div>
  );
