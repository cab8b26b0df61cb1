// The rows of a long table that are in sight, and as much empty height as the others would take.
import { useVirtualizer } from '@tanstack/react-virtual';
import type { ReactNode, RefObject } from 'react';

const ROW_HEIGHT = 41;
/** Rows beyond what is in sight: as many as a quick scroll passes between two pictures. */
const BEYOND = 12;

/** What a windowed row has beside its cells. */
export interface RowAttributes {
  readonly rowIndex?: number;
  readonly measure?: (element: HTMLTableRowElement | null) => void;
}

export interface WindowedRowsProps {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly count: number;
  readonly columns: number;
  readonly row: (index: number, attributes: RowAttributes) => ReactNode;
}

export function WindowedRows({ scroller, count, columns, row }: WindowedRowsProps) {
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: BEYOND,
  });
  const shown = rows.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <tbody role="rowgroup">
      {above > 0 && <Gap height={above} columns={columns} />}
      {shown.map(({ index }) => row(index, { rowIndex: index, measure: rows.measureElement }))}
      {below > 0 && <Gap height={below} columns={columns} />}
    </tbody>
  );
}

const Gap = ({ height, columns }: { readonly height: number; readonly columns: number }) => (
  <tr aria-hidden="true">
    <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
  </tr>
);
