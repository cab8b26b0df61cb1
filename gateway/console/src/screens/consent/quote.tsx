// What a consent costs: which blocks of patients, what each account has before and after, and how much room is left.
import type { BlockQuote, ConsentQuote, Dataset } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Delta, Epsilon } from '../../components/epsilon.tsx';
import { Checkbox } from '../../components/fields.tsx';
import { Figure, Figures } from '../../components/figure.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { formatCount } from '../../format/numbers.ts';
import { formatDelta, formatEpsilon } from '../../format/privacy.ts';
import { Pair } from '../study/costs.tsx';
import styles from './consent.module.css';
import { CostBar } from './cost-bar.tsx';

interface BlocksProps {
  readonly quote: ConsentQuote;
  readonly onChange: (blocks: readonly number[]) => void;
}

/** Which blocks the study gets; nothing to choose where there is one. */
export function Blocks({ quote, onChange }: BlocksProps) {
  const { t } = useTranslation('consent');
  const { blocks } = quote;
  if (blocks.length < 2) return null;
  const asked = blocks.filter((block) => block.asked).map(({ block }) => block);
  const fitting = blocks.filter(({ fits }) => fits).map(({ block }) => block);
  const give = (number: number, isGiven: boolean) =>
    onChange(isGiven ? [...asked, number].sort((a, b) => a - b) : asked.filter((one) => one !== number));
  const columns: readonly Column<BlockQuote>[] = [
    {
      id: 'block',
      header: t('blocks.give'),
      isRowHeader: true,
      cell: ({ block, asked: isAsked, state }) => (
        <Checkbox
          isSelected={isAsked}
          isDisabled={state !== 'open'}
          onChange={(isGiven) => give(block, isGiven)}
        >
          {t('blocks.block', { block })}
        </Checkbox>
      ),
    },
    {
      id: 'patients',
      header: t('blocks.patients'),
      cell: ({ recordCountBand: band }) =>
        band === undefined ? '–' : t('quote.patientsValue', { low: band.low, high: band.high }),
    },
    { id: 'left', header: t('blocks.left'), cell: ({ left }) => <Pair of={left} rounding="down" /> },
    { id: 'after', header: t('blocks.after'), cell: ({ committedAfter }) => <Pair of={committedAfter} /> },
    {
      id: 'fits',
      header: t('blocks.fits'),
      cell: ({ fits, state }) =>
        state === 'open' ? (
          <span className={fits ? styles.holds : styles.fails}>{t(fits ? 'blocks.yes' : 'blocks.no')}</span>
        ) : (
          t('blocks.retired')
        ),
    },
  ];
  return (
    <Section
      title={t('blocks.title')}
      lead={t('blocks.lead')}
      isPlain
      actions={
        fitting.length > 0 &&
        fitting.length < blocks.length && (
          <Button isSmall onPress={() => onChange(fitting)}>
            {t('blocks.onlyFitting')}
          </Button>
        )
      }
    >
      <Table
        caption={t('blocks.caption')}
        isCaptionUnseen
        columns={columns}
        rows={blocks}
        rowKey={({ block }) => String(block)}
      />
      {asked.length === 0 && <p className={styles.fails}>{t('blocks.none')}</p>}
    </Section>
  );
}

interface CostProps {
  readonly dataset: Dataset;
  readonly quote: ConsentQuote;
}

/** The most that a quote counts. */
const MORE_MOST = 1000;

export function Cost({ dataset, quote }: CostProps) {
  const { t } = useTranslation('consent');
  const { claimedEpsilon, claimedEpsilonPerRound: perRound, moreStudies, patients, weights = [] } = quote;
  const { epsilon, delta } = dataset.privacyBudget;
  const at = { delta: formatDelta(delta) };
  const all = weights.reduce((sum, { weight }) => sum + weight, 0);
  const own = weights.find(({ datasetId }) => datasetId === dataset.datasetId)?.weight;
  const sayMore = (count: number): string =>
    count === 0
      ? t('quote.moreNone')
      : count >= MORE_MOST
        ? t('quote.moreMost', { count })
        : formatCount(count);
  return (
    <Section title={t('quote.title')} lead={t('quote.lead')}>
      <div className={styles.stack}>
        <Figures>
          {(['training', 'heldOut'] as const).map((pool) => (
            <Figure
              key={pool}
              label={t(`quote.${pool}`)}
              value={<Epsilon value={claimedEpsilon[pool]} isBare />}
              meaning={t(`quote.${pool}Meaning`, at)}
              note={
                <>
                  {t('quote.perRound', { epsilon: `ε ${formatEpsilon(perRound[pool])}` })} ·{' '}
                  <Delta value={delta} isBare />
                </>
              }
            />
          ))}
          {moreStudies !== undefined && (
            <Figure label={t('quote.more')} value={sayMore(moreStudies)} meaning={t('quote.moreMeaning')} />
          )}
          <Figure
            label={t('quote.patients')}
            value={t('quote.patientsValue', { low: patients.asked.low, high: patients.asked.high })}
            meaning={t('quote.patientsMeaning')}
            {...(own !== undefined && { note: t('quote.weight', { weight: own, all }) })}
          />
        </Figures>
        <div className={styles.accounts}>
          {(['training', 'heldOut'] as const).map((pool) => (
            <CostBar
              key={pool}
              label={t(`quote.${pool}`)}
              account={{
                total: epsilon,
                left: quote.left[pool],
                committedAfter: quote.committedAfter[pool],
              }}
            />
          ))}
        </div>
        {!quote.fits && (
          <Notice tone="bad" title={t('quote.doesNotFit')}>
            <p>{t('quote.doesNotFitDetail')}</p>
          </Notice>
        )}
      </div>
    </Section>
  );
}
