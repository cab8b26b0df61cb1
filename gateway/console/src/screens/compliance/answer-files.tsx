// The answer as files, for whoever works on with it: one table as CSV, all as lines of JSON, a page for printing, and
// the evidence that proves it.
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gateway } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { EvidenceButton } from '../../components/evidence-button.tsx';
import { Section } from '../../components/page.tsx';
import { Failure } from '../../components/query-state.tsx';
import { saveFile } from '../../components/save-file.ts';
import { formatCount } from '../../format/numbers.ts';
import type { AnswerGiven } from './answer-form.ts';
import { collectCsv } from './collect-csv.ts';
import styles from './compliance.module.css';
import { type AskedQuestion, type FileFormat, fileName, filePath } from './question-address.ts';
import type { QuestionForm } from './question-forms.ts';

interface FilesProps {
  readonly form: QuestionForm;
  readonly question: AskedQuestion;
  readonly answer: AnswerGiven;
}

export function AnswerFiles({ form, question, answer }: FilesProps) {
  const { t } = useTranslation('compliance');
  const isCut = answer.bookmark !== undefined || question.bookmark !== undefined;
  const tableName = (name: string) => t(`tables.${name as 'uses'}`);
  return (
    <div className={styles.unprinted}>
      <Section title={t('files.title')} lead={t('files.lead')}>
        <div className={styles.stack}>
          <ul className={styles.files}>
            {form.tables.map(({ name }) => (
              <File key={name} form={form} question={question} format="csv" table={name}>
                {t('files.csv', { table: tableName(name) })}
              </File>
            ))}
            <File form={form} question={question} format="ndjson">
              {t('files.ndjson')}
            </File>
            <li>
              <a href={filePath(form, question, { format: 'html' })} target="_blank" rel="noreferrer">
                {t('files.html')}
              </a>
            </li>
            <Evidence form={form} question={question} />
          </ul>
          {isCut && (
            <>
              <p className="small soft">{t('files.onePage')}</p>
              <WholeFile
                form={form}
                question={question}
                title={t('files.whole', { table: tableName(form.paged) })}
              />
            </>
          )}
          <div>
            <Button onPress={() => print()}>{t('files.print')}</Button>
          </div>
        </div>
      </Section>
    </div>
  );
}

function File(props: {
  readonly form: QuestionForm;
  readonly question: AskedQuestion;
  readonly format: FileFormat;
  readonly table?: string;
  readonly children: ReactNode;
}) {
  const { form, question, format, table, children } = props;
  const file = { format, ...(table !== undefined && { table }) };
  return (
    <li>
      <a href={filePath(form, question, file)} download={fileName(form, question, file)}>
        {children}
      </a>
    </li>
  );
}

function Evidence({ form, question }: Pick<FilesProps, 'form' | 'question'>) {
  const { t } = useTranslation('compliance');
  const mayModel = useMay('getEvidenceOfModel');
  const mayDataset = useMay('getEvidenceOfDataset');
  const { evidence } = form;
  const id = evidence === undefined ? undefined : question.asked[evidence.field];
  if (evidence === undefined || id === undefined) return null;
  if (!(evidence.of === 'model' ? mayModel : mayDataset)) return null;
  return (
    <li>
      <EvidenceButton
        subject={
          evidence.of === 'model' ? { kind: 'model', studyId: id } : { kind: 'dataset', datasetId: id }
        }
      />
      <p className="small soft">{t('files.evidenceHelp')}</p>
    </li>
  );
}

/** Every page as one file. What is not whole is not saved. */
function WholeFile(props: {
  readonly form: QuestionForm;
  readonly question: AskedQuestion;
  readonly title: string;
}) {
  const { form, question, title } = props;
  const { t } = useTranslation('compliance');
  const [rows, setRows] = useState<number>();
  const [error, setError] = useState<Error>();
  const stop = useRef<AbortController>(null);
  const collect = async () => {
    const control = new AbortController();
    stop.current = control;
    setError(undefined);
    setRows(0);
    try {
      const parts = await collectCsv(form, question, {
        onRows: setRows,
        ask: async (target) => {
          const answer = await gateway.send({ method: 'GET', target, signal: control.signal });
          return { text: await answer.text(), link: answer.headers.get('link') };
        },
      });
      saveFile({
        name: fileName(form, { asked: question.asked }, { format: 'csv', table: form.paged }),
        type: 'text/csv',
        parts,
      });
    } catch (thrown) {
      if (!control.signal.aborted) setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    setRows(undefined);
  };
  return (
    <div className={styles.whole}>
      <Button isSmall isWorking={rows !== undefined} onPress={() => void collect()}>
        {title}
      </Button>
      {rows !== undefined && (
        <>
          <span role="status" className="small soft">
            {t('files.collecting', { count: rows, formatted: formatCount(rows) })}
          </span>
          <Button isSmall onPress={() => stop.current?.abort()}>
            {t('files.stop')}
          </Button>
        </>
      )}
      {error !== undefined && (
        <div className={styles.wide}>
          <p>{t('files.failed')}</p>
          <Failure error={error} isOfAction />
        </div>
      )}
    </div>
  );
}
