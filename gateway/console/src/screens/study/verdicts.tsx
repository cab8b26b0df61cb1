// The verdicts of a round as a grid that arrow keys move through; what the chosen cell says is written below it.
import type { RoundDossier, StudyAnswer } from '@consilium/domain';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Select } from '../../components/fields.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { useHospitalTitle } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty } from '../../components/query-state.tsx';
import { formatScore } from '../../format/numbers.ts';
import styles from './study.module.css';
import {
  type Judgement,
  type MatrixColumn,
  type MatrixRow,
  matrixOf,
  type VerdictMatrix,
} from './verdict-matrix.ts';

interface VerdictsProps {
  readonly study: StudyAnswer;
  readonly rounds: readonly RoundDossier[];
}

export function Verdicts({ study, rounds }: VerdictsProps) {
  const { t } = useTranslation('study');
  const judged = useMemo(
    () =>
      rounds.flatMap((dossier) => {
        const matrix = matrixOf(dossier, study);
        return matrix === undefined ? [] : [{ round: dossier.round.round, matrix }];
      }),
    [rounds, study],
  );
  const [chosen, choose] = useState<number | null>(null);
  const shown = judged.find(({ round }) => round === chosen) ?? judged.at(-1);
  return (
    <Section title={t('verdicts.title')} lead={t('verdicts.lead')} isPlain={shown === undefined}>
      {shown === undefined ? (
        <Empty title={t('verdicts.emptyTitle')}>{t('verdicts.empty')}</Empty>
      ) : (
        <div className={styles.stack}>
          {judged.length > 1 && (
            <div className={styles.matrixHead}>
              <Select
                label={t('verdicts.round')}
                value={String(shown.round)}
                onChange={(round) => choose(Number(round))}
                choices={judged.toReversed().map(({ round }) => ({
                  value: String(round),
                  label: t('verdicts.roundName', { round }),
                }))}
              />
            </div>
          )}
          <Matrix key={shown.round} round={shown.round} matrix={shown.matrix} />
        </div>
      )}
    </Section>
  );
}

const SIGNS: Readonly<Record<Judgement['kind'], readonly [icon: IconName, look: string | undefined]>> = {
  accept: ['check', styles.cellYes],
  reject: ['cross', styles.cellNo],
  silent: ['ring', undefined],
  none: ['dot', undefined],
};

const OUTCOMES: Readonly<Record<MatrixColumn['state'], Judgement['kind']>> = {
  included: 'accept',
  excluded: 'reject',
  withdrawn: 'none',
  pending: 'silent',
};

/** One cell of the grid: its sign, the word for it, and the sentence that it says. */
interface Cell {
  readonly kind: Judgement['kind'];
  readonly word: string;
  readonly sentence: string;
}

const STEPS: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function Matrix({ round, matrix }: { readonly round: number; readonly matrix: VerdictMatrix }) {
  const { t } = useTranslation('study');
  const titleOf = useHospitalTitle();
  const cells = useCells(matrix);
  const [at, moveTo] = useState<readonly [row: number, column: number]>([0, 0]);
  const grid = useRef<HTMLTableElement>(null);
  const within = (value: number, count: number) => Math.min(Math.max(value, 0), count - 1);
  const [row, column] = [within(at[0], cells.length), within(at[1], cells[0]?.length ?? 1)];

  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    const last = (cells[0]?.length ?? 1) - 1;
    const next = step
      ? ([within(row + step[0], cells.length), within(column + step[1], last + 1)] as const)
      : event.key === 'Home'
        ? ([event.ctrlKey ? 0 : row, 0] as const)
        : event.key === 'End'
          ? ([event.ctrlKey ? cells.length - 1 : row, last] as const)
          : undefined;
    if (next === undefined) return;
    event.preventDefault();
    moveTo(next);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${next.join(' ')}"]`)?.focus();
  };

  const names = [
    ...matrix.rows.map(({ mspId }) => titleOf(mspId)),
    ...(cells.length > matrix.rows.length ? [t('verdicts.outcome')] : []),
  ];
  return (
    <>
      {/* biome-ignore-start lint/a11y/noNoninteractiveElementToInteractiveRole: a grid that arrow keys move through */}
      {/* biome-ignore-start lint/a11y/useKeyWithClickEvents: a press only sets the focus */}
      <div className={styles.matrixScroll}>
        <table ref={grid} role="grid" className={styles.matrix} onKeyDown={move}>
          <caption className="unseen">{t('verdicts.caption', { round })}</caption>
          <thead>
            <tr>
              <th scope="col">{t('verdicts.judge')}</th>
              {matrix.columns.map(({ datasetId, mspId }, index) => (
                <th key={datasetId} scope="col">
                  <span className={styles.matrixName}>
                    <bdi>{t('verdicts.update', { hospital: titleOf(mspId) })}</bdi>
                  </span>
                  <span className={styles.matrixNumber} aria-hidden="true">
                    {index + 1}
                  </span>
                </th>
              ))}
              <th scope="col">
                <span className={styles.matrixName}>{t('verdicts.model')}</span>
                <span className={styles.matrixNumber} aria-hidden="true">
                  {t('verdicts.modelShort')}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {cells.map((line, lineAt) => (
              <tr key={names[lineAt]} className={lineAt >= matrix.rows.length ? styles.outcome : undefined}>
                <th scope="row">
                  <bdi>{names[lineAt]}</bdi>
                </th>
                {line.map((cell, cellAt) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns have a fixed order
                    key={cellAt}
                    role="gridcell"
                    className={styles.gridCell}
                    tabIndex={lineAt === row && cellAt === column ? 0 : -1}
                    data-cell={`${lineAt} ${cellAt}`}
                    aria-label={cell.word}
                    onFocus={() => moveTo([lineAt, cellAt])}
                    onClick={(event) => event.currentTarget.focus()}
                  >
                    <span className={`${styles.cell} ${SIGNS[cell.kind][1] ?? ''}`}>
                      <Icon name={SIGNS[cell.kind][0]} />
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {/* biome-ignore-end lint/a11y/useKeyWithClickEvents: as above */}
      {/* biome-ignore-end lint/a11y/noNoninteractiveElementToInteractiveRole: as above */}
      <ol className={styles.updates} aria-hidden="true">
        {matrix.columns.map(({ datasetId, mspId }, index) => (
          <li key={datasetId}>
            <strong>{index + 1}</strong>
            <bdi>{t('verdicts.update', { hospital: titleOf(mspId) })}</bdi>
          </li>
        ))}
      </ol>
      <p className={styles.said} aria-live="polite">
        <bdi>{cells[row]?.[column]?.sentence}</bdi>
      </p>
    </>
  );
}

/** Every cell, row by row: the judgements with each hospital's word on the model, and the outcome at the end. */
function useCells({ columns, rows }: VerdictMatrix): readonly (readonly Cell[])[] {
  const { t } = useTranslation('study');
  const titleOf = useHospitalTitle();
  const judgement = (judge: string, owner: string, said: Judgement): Cell => {
    const names = { judge: titleOf(judge), owner: titleOf(owner) };
    const sentence =
      said.kind === 'reject'
        ? t('verdicts.cellReject', { ...names, reason: reasonOf(said.reason) })
        : t(CELL_TEXTS[said.kind], names);
    return { kind: said.kind, word: t(`verdicts.${said.kind}`), sentence };
  };
  const reasonOf = (reason: string): string =>
    reason in REASONS ? t(`verdicts.reasons.${reason as Reason}`) : reason;
  const onModel = (row: MatrixRow): Cell => {
    const { mspId, accepted, grounds, isDisqualified } = row;
    const judge = titleOf(mspId);
    const kind = accepted === undefined ? 'silent' : accepted ? 'accept' : 'reject';
    const said =
      grounds === undefined
        ? ''
        : t(`verdicts.grounds.${grounds.rule}`, {
            accuracy: formatScore((grounds.accuracyMillionths ?? 0) / 1e6),
            minimum: grounds.minimum ?? '',
          });
    const sentences = [
      t(MODEL_TEXTS[kind], { judge, grounds: said }),
      ...(isDisqualified ? [t('verdicts.disqualified')] : []),
    ];
    return { kind, word: t(`verdicts.${kind}`), sentence: sentences.join(' ').trim() };
  };
  const outcome = ({ mspId, state }: MatrixColumn): Cell => ({
    kind: OUTCOMES[state],
    word: t(`verdicts.${state}`),
    sentence: t(OUTCOME_TEXTS[state], { owner: titleOf(mspId) }),
  });
  return [
    ...rows.map((row) => [
      ...row.judgements.map((said, index) => judgement(row.mspId, columns[index]!.mspId, said)),
      onModel(row),
    ]),
    columns.map(outcome),
  ];
}

const CELL_TEXTS = {
  accept: 'verdicts.cellAccept',
  silent: 'verdicts.cellSilent',
  none: 'verdicts.cellNone',
} as const;
const MODEL_TEXTS = {
  accept: 'verdicts.modelAccept',
  reject: 'verdicts.modelReject',
  silent: 'verdicts.modelSilent',
} as const;
const OUTCOME_TEXTS = {
  included: 'verdicts.outcomeIncluded',
  excluded: 'verdicts.outcomeExcluded',
  withdrawn: 'verdicts.outcomeWithdrawn',
  pending: 'verdicts.outcomePending',
} as const;
const REASONS = {
  'artefact-unreachable': true,
  'hash-mismatch': true,
  'not-decryptable': true,
  malformed: true,
  'norm-exceeded': true,
  'rejected-by-score': true,
  withdrawn: true,
} as const;
type Reason = keyof typeof REASONS;
