// The history of one row of the ledger: each version, newest first, with what changed.
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'wouter';
import { useApiPages } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import styles from './ledger.module.css';
import type { RowVersion } from './ledger-types.ts';
import { type RowAsked, rowAsked } from './ledger-words.ts';
import { type Difference, differencesOf } from './row-differences.ts';

export default function Row() {
  const { t } = useTranslation('ledger');
  const { '*': rest = '' } = useParams<{ '*': string }>();
  const asked = rowAsked(rest.split('/').map(decoded));
  const crumbs = [{ title: t('title'), to: '/ledger' }];
  if (asked === undefined) {
    return (
      <Page title={t('title')} crumbs={crumbs}>
        <Notice title={t('row.unknown')} />
      </Page>
    );
  }
  return (
    <Page
      title={t('row.title', { kind: t(`kinds.${asked.kind}`), id: asked.id })}
      lead={t('row.lead')}
      crumbs={crumbs}
    >
      <History asked={asked} />
    </Page>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function History({ asked: { operation, path } }: { readonly asked: RowAsked }) {
  const { t } = useTranslation();
  // Each of these operations takes its own path, and answers versions.
  const versions = useApiPages(operation, { path } as never);
  return (
    <QueryState query={versions as typeof versions & { readonly data: readonly RowVersion[] | undefined }}>
      {(rows) => (
        <>
          <ol className={styles.timeline} reversed>
            {rows.map((version, at) => (
              <Version
                key={`${version.transactionId} ${version.at}`}
                version={version}
                before={rows[at + 1]}
                isFirst={at === rows.length - 1 && !versions.more.has}
              />
            ))}
          </ol>
          {versions.more.has && (
            <div>
              <Button isWorking={versions.more.isLoading} onPress={versions.more.load}>
                {t('actions.showMore')}
              </Button>
            </div>
          )}
        </>
      )}
    </QueryState>
  );
}

/** Fields that are shown of a version: the first of a large row are many. */
const SHOWN_MAX = 60;

interface VersionProps {
  readonly version: RowVersion;
  /** The one before it; undefined where it is the first, or is not read yet. */
  readonly before: RowVersion | undefined;
  readonly isFirst: boolean;
}

function Version({ version, before, isFirst }: VersionProps) {
  const { t } = useTranslation('ledger');
  const differences = before === undefined && !isFirst ? [] : differencesOf(before?.row, version.row);
  const what = version.deleted
    ? t('row.deleted')
    : isFirst
      ? t('row.first')
      : differences.length === 0
        ? t('row.unchanged')
        : t('row.changes', { count: differences.length });
  return (
    <li className={styles.version}>
      <div className={styles.versionHead}>
        <h2>
          <Time at={version.at} form="absolute" />
        </h2>
        <span className="soft">{what}</span>
        <Link href={`/ledger/transactions/${version.transactionId}`}>{t('row.transaction')}</Link>
      </div>
      {!version.deleted && differences.length > 0 && (
        <Differences differences={differences} isFirst={isFirst} />
      )}
    </li>
  );
}

function Differences({
  differences,
  isFirst,
}: {
  readonly differences: readonly Difference[];
  readonly isFirst: boolean;
}) {
  const { t } = useTranslation('ledger');
  const left = differences.length - SHOWN_MAX;
  return (
    <>
      <Table<Difference>
        caption={t('row.changes', { count: differences.length })}
        isCaptionUnseen
        rows={differences.slice(0, SHOWN_MAX)}
        rowKey={({ field }) => field}
        columns={[
          {
            id: 'field',
            header: t('row.field'),
            isRowHeader: true,
            cell: ({ field }) => <bdi className="mono">{field}</bdi>,
          },
          ...(isFirst
            ? []
            : [
                {
                  id: 'before',
                  header: t('row.before'),
                  cell: ({ before }: Difference) => <Value text={before} className={styles.removed} />,
                },
              ]),
          {
            id: 'after',
            header: t('row.after'),
            cell: ({ after }) => <Value text={after} className={isFirst ? undefined : styles.added} />,
          },
        ]}
      />
      {left > 0 && <p className="small soft">{t('row.more', { count: left })}</p>}
    </>
  );
}

function Value({
  text,
  className,
}: {
  readonly text: string | undefined;
  readonly className: string | undefined;
}) {
  const { t } = useTranslation('ledger');
  if (text === undefined) return <span className="soft">{t('row.absent')}</span>;
  return <bdi className={`mono ${className ?? ''}`}>{text}</bdi>;
}
