// What the model says of the rows that were sent.
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Term } from '../../components/meaning.tsx';
import { Notice } from '../../components/notice.tsx';
import { saveFile } from '../../components/save-file.ts';
import { type Column, Table } from '../../components/table.tsx';
import { formatCount, formatScore } from '../../format/numbers.ts';
import styles from './model.module.css';
import { likeliest, type Predictions, predictionsCsv } from './predictions.ts';

export function PredictionResult(props: {
  readonly studyId: string;
  readonly label: string;
  readonly predictions: Predictions | undefined;
}) {
  const { studyId, label, predictions } = props;
  const { t } = useTranslation('model');
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of each new answer
  useEffect(() => heading.current?.focus(), [predictions]);
  if (predictions === undefined) {
    return <Notice tone="bad" isAlert title={t('predict.unreadable')} />;
  }
  const count = predictions.values.length;
  return (
    <section className={styles.result} aria-live="polite">
      <div className={styles.resultHead}>
        <h3 ref={heading} tabIndex={-1}>
          {t('predict.resultOf', { count })}
        </h3>
        <Button
          isSmall
          onPress={() =>
            saveFile({
              name: t('predict.fileName', { study: studyId }),
              type: 'text/csv',
              parts: [predictionsCsv(predictions)],
            })
          }
        >
          {t('predict.save')}
        </Button>
      </div>
      {count === 1 ? (
        <One predictions={predictions} label={label} />
      ) : (
        <Many predictions={predictions} label={label} />
      )}
      <p className="small soft">{t('predict.noticeDetail')}</p>
    </section>
  );
}

const say = (value: number) => formatScore(value, 3);

interface Given {
  readonly predictions: Predictions;
  readonly label: string;
}

function One({ predictions, label }: Given) {
  const { t } = useTranslation('model');
  if (predictions.kind !== 'categories') {
    const isValue = predictions.kind === 'value';
    const unit = isValue ? (predictions.unit ?? '') : '';
    return (
      <p className={styles.figure}>
        <Term meaning={t(isValue ? 'predict.valueMeaning' : 'predict.probabilityMeaning')}>
          <bdi>{t(isValue ? 'predict.value' : 'predict.probability', { label })}</bdi>
        </Term>
        <strong>
          {say(predictions.values[0] ?? 0)} <bdi>{unit}</bdi>
        </strong>
      </p>
    );
  }
  const row = predictions.values[0] ?? [];
  const rows = predictions.categories
    .map((category, index) => ({ category, probability: row[index] ?? 0 }))
    .toSorted((a, b) => b.probability - a.probability);
  return (
    <Table
      caption={t('predict.probability', { label })}
      rows={rows}
      rowKey={({ category }) => category}
      columns={[
        {
          id: 'category',
          header: t('predict.category'),
          isRowHeader: true,
          cell: ({ category }) => <bdi>{category}</bdi>,
        },
        {
          id: 'probability',
          header: t('predict.probability', { label }),
          isNumber: true,
          cell: ({ probability }) => say(probability),
        },
      ]}
    />
  );
}

function Many({ predictions, label }: Given) {
  const { t } = useTranslation('model');
  type Row = { readonly row: number; readonly value: number; readonly category?: string };
  const rows =
    predictions.kind === 'categories'
      ? predictions.values.map((row, index): Row => {
          const { category, probability } = likeliest(predictions.categories, row);
          return { row: index + 1, category, value: probability };
        })
      : predictions.values.map((value, index): Row => ({ row: index + 1, value }));
  const isValue = predictions.kind === 'value';
  const unit = predictions.kind === 'value' && predictions.unit !== undefined ? ` (${predictions.unit})` : '';
  const name = t(isValue ? 'predict.value' : 'predict.probability', { label });
  const columns: readonly Column<Row>[] = [
    {
      id: 'row',
      header: t('predict.row'),
      isRowHeader: true,
      isNumber: true,
      sortBy: ({ row }) => row,
      cell: ({ row }) => formatCount(row),
    },
    ...(predictions.kind === 'categories'
      ? [
          {
            id: 'category',
            header: t('predict.likeliest'),
            sortBy: ({ category = '' }: Row) => category,
            cell: ({ category }: Row) => <bdi>{category}</bdi>,
          },
        ]
      : []),
    {
      id: 'value',
      header: `${name}${unit}`,
      isNumber: true,
      sortBy: ({ value }) => value,
      cell: ({ value }) => say(value),
    },
  ];
  return (
    <Table caption={name} isCaptionUnseen columns={columns} rows={rows} rowKey={({ row }) => String(row)} />
  );
}
