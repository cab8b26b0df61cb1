// Rows for several patients as CSV, pasted or from a file. The trainer reads them; the browser only passes them on.
import { type ChangeEvent, type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/fields.tsx';
import styles from './model.module.css';
import type { PredictPartProps } from './predict-one.tsx';
import { fieldsOf, headerOf } from './prediction-fields.ts';

/** What the trainer takes at most. */
const BYTES_MOST = 16_000_000;

export function PredictSeveral({ dictionary, onSend, isSending }: PredictPartProps) {
  const { t } = useTranslation('model');
  const id = useId();
  const [text, setText] = useState('');
  const [file, setFile] = useState<{ readonly name: string; readonly text: string }>();
  const [problem, setProblem] = useState<string>();
  const header = headerOf(fieldsOf(dictionary));
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const [chosen] = event.target.files ?? [];
    event.target.value = '';
    setProblem(undefined);
    if (chosen === undefined) return;
    if (chosen.size > BYTES_MOST) {
      setProblem(t('predict.csvTooLarge'));
      return;
    }
    try {
      setFile({ name: chosen.name, text: await chosen.text() });
    } catch {
      setProblem(t('predict.csvUnreadable'));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const csv = file?.text ?? text;
    if (csv.trim().split('\n').length < 2) {
      setProblem(t('predict.csvEmpty'));
      return;
    }
    setProblem(undefined);
    onSend({ csv });
  };
  return (
    <form onSubmit={submit} noValidate className={styles.stack} autoComplete="off">
      {file === undefined ? (
        <TextField
          label={t('predict.csv')}
          help={t('predict.csvHelp', { header })}
          error={problem}
          lines={8}
          isMono
          value={text}
          onChange={setText}
          autoComplete="off"
        />
      ) : (
        <p>
          <bdi>{t('predict.file', { name: file.name })}</bdi>{' '}
          <Button isSmall onPress={() => setFile(undefined)}>
            {t('predict.removeFile', { name: file.name })}
          </Button>
        </p>
      )}
      <div className={styles.file}>
        <label htmlFor={id}>{t('predict.csvFile')}</label>
        <input
          id={id}
          type="file"
          accept=".csv,.txt,text/csv,text/plain"
          onChange={(event) => void choose(event)}
        />
      </div>
      <div className={styles.buttons}>
        <Button type="submit" tone="primary" isWorking={isSending}>
          {t('predict.submit')}
        </Button>
      </div>
    </form>
  );
}
