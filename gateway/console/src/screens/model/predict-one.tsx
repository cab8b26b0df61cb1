// The form for one patient: a field for each feature of the dictionary. What the trainer refuses is said at its field.
import { ProblemError } from '@consilium/client/browser';
import { type FormEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Select, TextField } from '../../components/fields.tsx';
import type { Dictionary } from './ledger-types.ts';
import styles from './model.module.css';
import {
  fieldsOf,
  type PredictionField,
  type PredictionRows,
  problemOf,
  recordOf,
  sentProblems,
} from './prediction-fields.ts';

export interface PredictPartProps {
  readonly dictionary: Dictionary;
  readonly onSend: (rows: PredictionRows) => void;
  readonly isSending: boolean;
  readonly error: Error | null;
}

/** More fields than this are found by their names. */
const FIELDS_SHOWN = 60;
const UNKNOWN = '?';

export function PredictOne({ dictionary, onSend, isSending, error }: PredictPartProps) {
  const { t } = useTranslation('model');
  const fields = useMemo(() => fieldsOf(dictionary), [dictionary]);
  const form = useRef<HTMLFormElement>(null);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [isTried, setTried] = useState(false);
  const [filter, setFilter] = useState('');
  const sent = error instanceof ProblemError ? sentProblems(error.problem) : [];
  const wrong = fields.filter((field) => problemOf(field, texts[field.name] ?? '') !== undefined);
  const wanted = filter.trim().toLowerCase();
  const found = fields.filter(
    ({ name, label }) => `${label} ${name}`.toLowerCase().includes(wanted) || isWrong(name),
  );
  const shown = found.slice(0, FIELDS_SHOWN);
  function isWrong(name: string): boolean {
    return isTried && wrong.some((field) => field.name === name);
  }
  const errorOf = (field: PredictionField): string | undefined => {
    const problem = problemOf(field, texts[field.name] ?? '');
    if (isTried && problem !== undefined && field.kind === 'numeric') {
      const { low, high, unit } = field;
      return t(`predict.problems.${problem}`, { low, high, unit });
    }
    return sent.find(({ column }) => column === field.name)?.remedy;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong.length > 0) {
      setFilter('');
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid] button')?.focus(),
      );
      return;
    }
    onSend({ rows: [recordOf(fields, texts)] });
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className={styles.stack} autoComplete="off">
      <p className="soft">{t('predict.empty')}</p>
      {fields.length > FIELDS_SHOWN && (
        <div className={styles.search}>
          <TextField
            label={t('predict.filter')}
            help={t('predict.shown', { count: shown.length, all: fields.length })}
            value={filter}
            onChange={setFilter}
          />
        </div>
      )}
      <div className={styles.fields}>
        {shown.map((field) => (
          <ValueField
            key={field.name}
            field={field}
            text={texts[field.name] ?? ''}
            error={errorOf(field)}
            onChange={(text) => setTexts((now) => ({ ...now, [field.name]: text }))}
          />
        ))}
      </div>
      <div className={styles.buttons}>
        <Button type="submit" tone="primary" isWorking={isSending}>
          {t('predict.submit')}
        </Button>
        <Button
          onPress={() => {
            setTexts({});
            setTried(false);
          }}
        >
          {t('predict.clear')}
        </Button>
      </div>
    </form>
  );
}

function ValueField(props: {
  readonly field: PredictionField;
  readonly text: string;
  readonly error: string | undefined;
  readonly onChange: (text: string) => void;
}) {
  const { field, text, error, onChange } = props;
  const { t } = useTranslation('model');
  if (field.kind === 'numeric') {
    const { low, high, unit } = field;
    return (
      <TextField
        label={field.label}
        help={unit === '' ? t('predict.rangeOnly', { low, high }) : t('predict.range', { low, high, unit })}
        error={error}
        value={text}
        onChange={onChange}
        inputMode="decimal"
        autoComplete="off"
      />
    );
  }
  const values = field.kind === 'binary' ? ['1', '0'] : field.categories;
  return (
    <Select
      label={field.label}
      {...(field.kind === 'binary' && { help: t('predict.binaryHelp') })}
      error={error}
      value={text === '' ? UNKNOWN : `=${text}`}
      onChange={(value) => onChange(value === UNKNOWN ? '' : value.slice(1))}
      choices={[
        { value: UNKNOWN, label: t('predict.unknown') },
        ...values.map((value) => ({ value: `=${value}`, label: value })),
      ]}
    />
  );
}
