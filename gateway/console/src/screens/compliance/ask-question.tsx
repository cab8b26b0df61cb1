// One question: its form, and its answer. The address holds what is asked.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams, useSearch } from 'wouter';
import { apiQuery } from '../../api/queries.ts';
import { NotFound } from '../../app/not-found.tsx';
import { useMay } from '../../app/session.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Empty, MayNot, QueryState } from '../../components/query-state.tsx';
import { Answer } from './answer.tsx';
import { AnswerFiles } from './answer-files.tsx';
import type { AnswerGiven } from './answer-form.ts';
import styles from './compliance.module.css';
import { type AskedQuestion, addressOf, canBeAsked, readAddress, requestOf } from './question-address.ts';
import { QuestionFields } from './question-fields.tsx';
import { type QuestionForm, questionNamed } from './question-forms.ts';

export default function Question() {
  const { question = '' } = useParams();
  const form = questionNamed(question);
  return form === undefined ? <NotFound /> : <QuestionScreen key={form.name} form={form} />;
}

function QuestionScreen({ form }: { readonly form: QuestionForm }) {
  const { t } = useTranslation('compliance');
  const may = useMay(form.operation);
  const search = useSearch();
  const [, navigate] = useLocation();
  const question = readAddress(form, search);
  const isAsked = canBeAsked(form, question.asked);
  return (
    <Page
      title={t(`names.${form.name}`)}
      lead={t(`leads.${form.name}`)}
      crumbs={[{ title: t('crumb'), to: '/questions' }]}
    >
      {may ? (
        <div className={styles.stack}>
          <div className={styles.unprinted}>
            <Section title={t('form')}>
              <QuestionFields
                key={JSON.stringify(question.asked)}
                form={form}
                asked={question.asked}
                onAsk={(asked) => navigate(addressOf(form, { asked }))}
              />
            </Section>
          </div>
          {isAsked ? (
            <AnswerOf form={form} question={question} />
          ) : (
            <Empty title={t('answer')}>{t('empty')}</Empty>
          )}
        </div>
      ) : (
        <MayNot />
      )}
    </Page>
  );
}

function AnswerOf({ form, question }: { readonly form: QuestionForm; readonly question: AskedQuestion }) {
  const request = requestOf(form, question);
  const answer = useQuery({
    ...apiQuery(form.operation, request as never),
    // Each takes the gateway as long as some twenty other requests: it is not asked again by itself.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <QueryState query={answer} lines={10}>
      {(given) => (
        <>
          <Answer form={form} question={question} answer={given as unknown as AnswerGiven} />
          <AnswerFiles form={form} question={question} answer={given as unknown as AnswerGiven} />
        </>
      )}
    </QueryState>
  );
}
