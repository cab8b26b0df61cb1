// A chart as every screen draws it: with a title and a sentence, series that are told apart without colour, a point
// that arrow keys move along, and the same numbers as a table. It is loaded with the screen that has it.
import { type ReactNode, useId, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import {
  CartesianGrid,
  ComposedChart,
  ErrorBar,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import styles from './chart.module.css';
import {
  type ChartAxis,
  type ChartMark,
  type ChartPlace,
  type ChartRow,
  type ChartSeries,
  extentOf,
  numberOf,
  sayValue,
} from './chart-form.ts';
import { colourOf, dashOf, SeriesSign, signAt } from './series-sign.tsx';

interface ChartGiven {
  readonly title: string;
  /** What the chart shows, in a sentence: what a reader takes from it who does not see it. */
  readonly summary: ReactNode;
  readonly x: ChartPlace;
  readonly y: ChartAxis;
  /** At most SERIES_MOST. */
  readonly series: readonly ChartSeries[];
  readonly rows: readonly ChartRow[];
  readonly marks?: readonly ChartMark[];
  readonly height?: number;
}

/** A chart with its legend and its table. Nothing in it moves by itself. */
export function Chart({ title, summary, x, y, series, rows, marks = [], height = 260 }: ChartGiven) {
  const { t } = useTranslation('chart');
  const id = useId();
  const [low, high] = y.domain ?? extentOf(rows, series, marks);
  const sayRange = (from: string, to: string) => t('range', { from, to });
  const shown = series.map((one) => ({ ...one, say: y.say, sayRange }));
  // Recharts writes into what it is given.
  const data = useMemo(() => rows.map((row) => ({ ...row })), [rows]);
  return (
    <figure className={styles.figure} aria-labelledby={id}>
      <figcaption>
        <p className={styles.title} id={id}>
          {title}
        </p>
        <p className={styles.summary}>{summary}</p>
      </figcaption>
      <ul className={styles.legend}>
        {series.map(({ field, name, shape }, index) => (
          <li key={field}>
            <SeriesSign index={index} hasLine={shape !== 'points'} />
            {name}
          </li>
        ))}
      </ul>
      <div className={styles.plot}>
        <ResponsiveContainer width="100%" height={height}>
          <ComposedChart
            data={data}
            margin={{ top: 16, right: 16, bottom: 24, left: 8 }}
            title={title}
            desc={t('keys')}
          >
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis
              dataKey={x.field}
              type="number"
              scale={x.isTime === true ? 'time' : 'linear'}
              domain={x.domain === undefined ? ['dataMin', 'dataMax'] : [...x.domain]}
              {...(x.ticks !== undefined && { ticks: [...x.ticks] })}
              tickFormatter={x.say}
              stroke="var(--line-strong)"
              minTickGap={24}
              label={{ value: x.label, position: 'insideBottom', offset: -14 }}
            />
            <YAxis
              domain={[low, high]}
              {...(y.ticks !== undefined && { ticks: [...y.ticks] })}
              tickFormatter={y.say}
              stroke="var(--line-strong)"
              width={64}
              label={{ value: y.label, angle: -90, position: 'insideLeft', offset: 8 }}
            />
            <Tooltip
              isAnimationActive={false}
              cursor={{ stroke: 'var(--line-strong)' }}
              content={({ active, label }) =>
                active === true && typeof label === 'number' ? (
                  <Reading row={rows.find((row) => row[x.field] === label)} x={x} series={shown} />
                ) : null
              }
            />
            {marks.map(({ axis, at, label, isAlarm = false }) => (
              <ReferenceLine
                key={`${axis} ${at} ${label}`}
                {...{ [axis]: at }}
                stroke={isAlarm ? 'var(--bad)' : 'var(--ink-soft)'}
                strokeDasharray="4 3"
                ifOverflow="extendDomain"
                label={{ value: label, position: axis === 'y' ? 'insideTopRight' : 'insideTopLeft' }}
              />
            ))}
            {series.map(({ field, name, shape, errorField }, index) => (
              <Line
                key={field}
                dataKey={field}
                name={name}
                type={shape === 'step' ? 'stepAfter' : 'linear'}
                stroke={colourOf(index)}
                strokeWidth={shape === 'points' ? 0 : 2}
                strokeDasharray={dashOf(index)}
                isAnimationActive={false}
                connectNulls={shape !== 'points'}
                dot={({ cx, cy, key }) =>
                  typeof cx === 'number' && typeof cy === 'number' ? (
                    signAt(index, { x: cx, y: cy, key: String(key) })
                  ) : (
                    <g key={String(key)} />
                  )
                }
                activeDot={false}
              >
                {errorField !== undefined && (
                  <ErrorBar
                    dataKey={errorField}
                    stroke={colourOf(index)}
                    strokeWidth={1.5}
                    width={5}
                    isAnimationActive={false}
                  />
                )}
              </Line>
            ))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      <Numbers title={title} x={x} series={shown} rows={rows} />
    </figure>
  );
}

type SaidSeries = ChartSeries & Parameters<typeof sayValue>[2];

/** What is read at one place; said by screen readers as arrow keys move. */
function Reading({
  row,
  x,
  series,
}: {
  readonly row: ChartRow | undefined;
  readonly x: ChartPlace;
  readonly series: readonly SaidSeries[];
}) {
  const place = row && numberOf(row[x.field]);
  if (row === undefined || place === undefined) return null;
  return (
    <div className={styles.reading} role="status">
      <p>
        {x.label}: {x.say(place)}
      </p>
      <dl>
        {series.map((one) => {
          const said = sayValue(row, one, one);
          return said === undefined ? null : (
            <div key={one.field} style={{ display: 'contents' }}>
              <dt>{one.name}</dt>
              <dd>{said}</dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}

/** The numbers of the chart, for those who read rather than look. */
function Numbers({
  title,
  x,
  series,
  rows,
}: {
  readonly title: string;
  readonly x: ChartPlace;
  readonly series: readonly SaidSeries[];
  readonly rows: readonly ChartRow[];
}) {
  const { t } = useTranslation('chart');
  return (
    <details className={styles.numbers}>
      <summary>{t('table')}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section className={styles.scroll} tabIndex={0} aria-label={title}>
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">{x.label}</th>
              {series.map(({ field, name }) => (
                <th scope="col" key={field}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => {
              const place = numberOf(row[x.field]) ?? Number.NaN;
              return (
                // Two states may be of one instant.
                // biome-ignore lint/suspicious/noArrayIndexKey: rows are never moved
                <tr key={index}>
                  <th scope="row">{x.say(place)}</th>
                  {series.map((one) => (
                    <td key={one.field}>{sayValue(row, one, one) ?? '–'}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </details>
  );
}
