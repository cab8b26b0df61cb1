// Accuracy round by round with the reach of the noise, as a chart and as a table.
import type { RoundDossier, StudyAnswer } from '@consilium/domain';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../components/chart/chart.tsx';
import { type ChartRow, SERIES_MOST } from '../../components/chart/chart-form.ts';
import { Select } from '../../components/fields.tsx';
import { Meaning } from '../../components/meaning.tsx';
import { useHospitalTitle } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty } from '../../components/query-state.tsx';
import { formatScore } from '../../format/numbers.ts';
import {
  barOf,
  ROUNDS_DRAWN,
  type RoundRange,
  roundRanges,
  type ScorePoint,
  scorePoints,
} from './score-points.ts';
import styles from './study.module.css';

const DECIMALS = 2;
const say = (accuracy: number): string => formatScore(accuracy, DECIMALS);

/** The field of all hospitals together. */
const ALL = 'all';
/** The range that goes with the study. */
const LAST = 'last';
/** Points of one round stand side by side, so that their bars can be seen. */
const APART = 0.08;

interface ScoresProps {
  readonly study: StudyAnswer;
  readonly rounds: readonly RoundDossier[];
}

export function Scores({ study, rounds }: ScoresProps) {
  const { t } = useTranslation('study');
  const titleOf = useHospitalTitle();
  const [chosen, choose] = useState<number>();
  const points = useMemo(() => scorePoints(rounds, study.validation), [rounds, study.validation]);
  const last = points.findLast(({ mspId }) => mspId === undefined);
  // More hospitals than signs are in the verdicts below, with the grounds of each.
  const hospitals = [...new Set(points.flatMap(({ mspId }) => mspId ?? []))].slice(0, SERIES_MOST - 1);
  const fields = [ALL, ...hospitals];
  if (last === undefined) {
    return (
      <Section title={t('scores.title')} isPlain>
        <Empty title={t('scores.emptyTitle')}>{t('scores.empty')}</Empty>
      </Section>
    );
  }
  const lastRound = Math.max(...points.map(({ round }) => round));
  const ranges = roundRanges(lastRound);
  const range = ranges.slice(1).find(({ first }) => first === chosen) ?? ranges[0];
  const inRange = points.filter(({ round }) => round >= range.first && round <= range.last);
  const sayRange = (one: RoundRange) => t('scores.range', { first: one.first, last: one.last });
  return (
    <Section
      title={t('scores.title')}
      lead={
        <>
          {t('scores.lead')} <Meaning meaning={t('scores.barsMeaning')}>{t('scores.bars')}</Meaning>
        </>
      }
    >
      {ranges.length > 1 && (
        <div className={styles.matrixHead}>
          <Select
            label={t('scores.shown')}
            help={t('scores.shownHelp', { count: lastRound })}
            value={range === ranges[0] ? LAST : String(range.first)}
            onChange={(first) => choose(first === LAST ? undefined : Number(first))}
            choices={ranges.map((one, at) => ({
              value: at === 0 ? LAST : String(one.first),
              label: at === 0 ? t('scores.rangeLast', { count: ROUNDS_DRAWN }) : sayRange(one),
            }))}
          />
        </div>
      )}
      <Chart
        title={t('scores.accuracy')}
        summary={t('scores.chart', { round: last.round, accuracy: say(last.accuracy) })}
        x={{
          field: 'place',
          label: t('scores.round'),
          say: (place) => String(Math.round(place)),
          domain: [range.first - 0.5, range.last + 0.5],
          ticks: ticksOf(range),
        }}
        y={{ label: t('scores.accuracy'), say, domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1] }}
        series={fields.map((field) => ({
          field,
          name: field === ALL ? t('scores.all') : titleOf(field),
          shape: field === ALL ? 'line' : 'points',
          errorField: `${field} reach`,
        }))}
        rows={rowsOf(inRange, fields)}
        marks={[
          {
            axis: 'y',
            at: Number(study.validation.minimum),
            label: t('scores.minimum', { minimum: say(Number(study.validation.minimum)) }),
          },
        ]}
        height={300}
      />
    </Section>
  );
}

const TICKS_MOST = 12;

function ticksOf({ first, last }: RoundRange): readonly number[] {
  const rounds = last - first + 1;
  const step = Math.ceil(rounds / TICKS_MOST);
  return Array.from({ length: Math.ceil(rounds / step) }, (_, index) => first + index * step);
}

/** A row for each point, beside its round; the chart joins those of one series. */
function rowsOf(points: readonly ScorePoint[], fields: readonly string[]): readonly ChartRow[] {
  return points
    .filter(({ mspId }) => mspId === undefined || fields.includes(mspId))
    .map((point): ChartRow => {
      const field = point.mspId ?? ALL;
      const [low, high] = barOf(point);
      const place = point.round + fields.indexOf(field) * APART;
      const reach = [point.accuracy - low, high - point.accuracy] as const;
      return { place, [field]: point.accuracy, [`${field} reach`]: reach };
    })
    .toSorted((one, other) => (one.place as number) - (other.place as number));
}
