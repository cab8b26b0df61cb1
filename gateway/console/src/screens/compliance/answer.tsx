// An answer for people: what one must not overlook, the sentences, then the tables, and how to read both.
import type { Api } from '@consilium/client/browser';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Loading } from '../../components/query-state.tsx';
import { type Alarm, alarmOf, sentenceParts } from './answer-cells.ts';
import { type AnswerGiven, rowsOf } from './answer-form.ts';
import { AnswerTable } from './answer-table.tsx';
import styles from './compliance.module.css';
import { type AskedQuestion, addressOf } from './question-address.ts';
import type { QuestionForm } from './question-forms.ts';

const BudgetChart = lazy(() =>
  import('./budget-chart.tsx').then(({ BudgetChart: chart }) => ({ default: chart })),
);

interface AnswerProps {
  readonly form: QuestionForm;
  readonly question: AskedQuestion;
  readonly answer: AnswerGiven;
}

/** How many sentences are shown at first. */
const SENTENCES_SHOWN = 7;

export function Answer({ form, question, answer }: AnswerProps) {
  const { t } = useTranslation('compliance');
  return (
    <>
      <Section title={answer.question}>
        <div className={styles.stack}>
          <Alarms form={form} answer={answer} />
          <Sentences form={form} answer={answer} />
          <p className={styles.answered}>
            <Sentence text={answer.answered.sentence} />
          </p>
        </div>
      </Section>
      {form.name === 'budgets' && (
        <Suspense fallback={<Loading lines={8} />}>
          <BudgetChart answer={answer as unknown as Api['askBudgets']['answer']} />
        </Suspense>
      )}
      {form.tables.map((table, place) => (
        <AnswerTable key={table.name} table={table} answer={answer} isMain={place === 0} />
      ))}
      <Pages form={form} question={question} bookmark={answer.bookmark} />
      <Section title={t('notes')} isPlain>
        <ul className={styles.notes}>
          {answer.notes.map((note) => (
            <li key={note}>
              <Sentence text={note} />
            </li>
          ))}
          <li>{t('notProof')}</li>
        </ul>
      </Section>
    </>
  );
}

/** A sentence in which what members wrote keeps its own direction of writing. */
export function Sentence({ text }: { readonly text: string }) {
  return sentenceParts(text).map((part, index) =>
    part.isQuote ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text are never moved
      <bdi key={index}>{part.text}</bdi>
    ) : (
      part.text
    ),
  );
}

const ALARMS: readonly Alarm[] = ['overdue', 'no-effect', 'withdrawn'];

function Alarms({ form, answer }: Pick<AnswerProps, 'form' | 'answer'>) {
  const { t } = useTranslation('compliance');
  const counts = new Map<Alarm, number>();
  for (const { name } of form.tables) {
    for (const row of rowsOf(answer, name)) {
      const alarm = alarmOf(row);
      if (alarm !== undefined) counts.set(alarm, (counts.get(alarm) ?? 0) + 1);
    }
  }
  const found = ALARMS.filter((alarm) => counts.has(alarm));
  // Of the question about withdrawals, each row is one.
  const said = form.name === 'withdrawals' ? found.filter((alarm) => alarm !== 'withdrawn') : found;
  if (said.length === 0) return null;
  return (
    <ul className={styles.alarms}>
      {said.map((alarm) => (
        <li key={alarm}>
          <Notice
            tone={alarm === 'overdue' ? 'bad' : 'warning'}
            title={t(`summary.${alarm}`, { count: counts.get(alarm) ?? 0 })}
          >
            <p>{t(`alarmMeanings.${alarm}`)}</p>
          </Notice>
        </li>
      ))}
    </ul>
  );
}

function Sentences({ form, answer }: Pick<AnswerProps, 'form' | 'answer'>) {
  const { t } = useTranslation('compliance');
  const [isWhole, setWhole] = useState(false);
  const said = new Set(answer.answer);
  // The gateway says the first rows at the top; the others are one press away.
  const others = rowsOf(answer, form.tables[0]?.name ?? '').flatMap(({ sentence }) =>
    typeof sentence === 'string' && !said.has(sentence) ? [sentence] : [],
  );
  const all = [...answer.answer, ...others];
  const shown = isWhole ? all : all.slice(0, SENTENCES_SHOWN);
  const [first = '', ...rest] = shown;
  return (
    <div className={styles.sentences}>
      <p className={styles.first}>
        <Sentence text={first} />
      </p>
      {rest.length > 0 && (
        <ul>
          {rest.map((sentence) => (
            <li key={sentence}>
              <Sentence text={sentence} />
            </li>
          ))}
        </ul>
      )}
      {all.length > shown.length && (
        <div className={styles.unprinted}>
          <Button isSmall onPress={() => setWhole(true)}>
            {t('moreSentences', { count: all.length - shown.length })}
          </Button>
        </div>
      )}
    </div>
  );
}

function Pages({
  form,
  question,
  bookmark,
}: Pick<AnswerProps, 'form' | 'question'> & { readonly bookmark: string | undefined }) {
  const { t } = useTranslation('compliance');
  const isFirst = question.bookmark === undefined;
  if (isFirst && bookmark === undefined) return null;
  const { asked } = question;
  return (
    <nav className={styles.pages} aria-label={t('paging.label')}>
      <span className="soft">{t('paging.within')}</span>
      {!isFirst && <Link href={addressOf(form, { asked })}>{t('paging.first')}</Link>}
      {bookmark !== undefined && <Link href={addressOf(form, { asked, bookmark })}>{t('paging.next')}</Link>}
    </nav>
  );
}
