// What is another in the text than in the one that the hospital answered, read from the ledger.
import type { StudyAnswer } from '@consilium/domain';
import { studyText } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../components/notice.tsx';
import { Failure, Loading } from '../../components/query-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import styles from './consent.module.css';
import { useStudyHistory } from './consent-queries.ts';
import { type Answers, type Change, differenceOf, textAnswered, textInHistory } from './text-difference.ts';

export function Changed({ study, answers }: { readonly study: StudyAnswer; readonly answers: Answers }) {
  const { t } = useTranslation('consent');
  const now = study.version ?? 1;
  const answered = textAnswered(answers);
  const isOld = answered.version < now;
  const history = useStudyHistory(study.studyId, isOld);
  if (!isOld) return null;
  const before = history.data && textInHistory(history.data, answered.version);
  const title = answered.by === 'proposal' ? t('changed.titleProposal') : t('changed.title');
  return (
    <section className={styles.changed} aria-label={title}>
      <Notice tone="warning" title={title}>
        <p>
          {t(`changed.by.${answered.by}`, { version: answered.version, now })}
          {answered.at !== undefined && (
            <>
              {' '}
              (<Time at={answered.at} />)
            </>
          )}
        </p>
        <p className="small">{t('changed.source')}</p>
      </Notice>
      {history.error !== null && <Failure error={history.error} retry={() => void history.refetch()} />}
      {history.data === undefined && history.error === null && <Loading />}
      {history.data !== undefined &&
        (before === undefined ? (
          <p>{t('changed.missing')}</p>
        ) : (
          <Differences changes={differenceOf(before, studyText(study))} />
        ))}
    </section>
  );
}

function Differences({ changes }: { readonly changes: readonly Change[] }) {
  const { t } = useTranslation('consent');
  const columns: readonly Column<Change>[] = [
    {
      id: 'field',
      header: t('changed.field'),
      isRowHeader: true,
      cell: ({ path }) => <code>{path}</code>,
    },
    {
      id: 'before',
      header: t('changed.before'),
      cell: ({ before }) => (before === undefined ? t('changed.nothing') : <del>{before}</del>),
    },
    {
      id: 'after',
      header: t('changed.after'),
      cell: ({ after }) => (after === undefined ? t('changed.nothing') : <ins>{after}</ins>),
    },
  ];
  return (
    <Table
      caption={t('changed.caption')}
      isCaptionUnseen
      columns={columns}
      rows={changes}
      rowKey={({ path }) => path}
    />
  );
}
