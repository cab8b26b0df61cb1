// The form of a question. What is wrong is said at its field before anything is asked.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gateway } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { DateField } from '../../components/date-field.tsx';
import { Select } from '../../components/fields.tsx';
import { IdField } from '../../components/id-field.tsx';
import type { Named } from '../../components/named-things.ts';
import { useDatasets, useMembers } from '../../components/names.tsx';
import words from '../../texts/en/words.json' with { type: 'json' };
import styles from './compliance.module.css';
import type { Asked } from './question-address.ts';
import type { FieldName, QuestionField, QuestionForm } from './question-forms.ts';

type Purpose = keyof (typeof words)['purposes'];
const PURPOSES = Object.keys(words.purposes) as Purpose[];

/** What a field can be filled with; empty until it is read, and where this session may not read it. */
function useChoices(kind: QuestionField['kind']): readonly Named[] {
  const datasets = useDatasets();
  const members = useMembers();
  const mayStudies = useMay('listStudies') && (kind === 'study' || kind === 'model');
  const mayModels = useMay('listModels') && kind === 'model';
  const { data: studies = [] } = useQuery({
    queryKey: ['listStudies', {}, { all: 'named' }],
    queryFn: async ({ signal }) => {
      const found: Named[] = [];
      for await (const { studyId, title } of gateway.items('listStudies', {
        query: { limit: 100 },
        signal,
      })) {
        found.push({ id: studyId, title });
      }
      return found;
    },
    enabled: mayStudies,
  });
  const { data: models } = useQuery({
    queryKey: ['listModels', {}, { all: 'named' }],
    queryFn: async ({ signal }) => {
      const found = new Set<string>();
      for await (const { studyId } of gateway.items('listModels', { query: { limit: 100 }, signal })) {
        found.add(studyId);
      }
      return found;
    },
    enabled: mayModels,
  });
  switch (kind) {
    case 'dataset':
      return [...datasets.values()].map(({ datasetId: id, title }) => ({ id, title }));
    case 'population': {
      // Several datasets may be about the same people: the first of them gives its title.
      const found = new Map<string, Named>();
      for (const { populationId, datasetId, title } of datasets.values()) {
        const id = populationId ?? datasetId;
        if (!found.has(id) || id === datasetId) found.set(id, { id, title });
      }
      return [...found.values()];
    }
    case 'hospital':
      return [...members.values()].map(({ mspId: id, title }) => ({ id, title }));
    case 'study':
      return studies;
    case 'model':
      return studies.filter(({ id }) => models?.has(id) ?? true);
    default:
      return [];
  }
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Which fields cannot be asked with. */
function wrongFields({ fields }: QuestionForm, asked: Asked): ReadonlySet<FieldName> {
  const wrong = new Set<FieldName>();
  for (const { name, kind, isRequired } of fields) {
    const value = asked[name] ?? '';
    if (isRequired && value === '') wrong.add(name);
    if (kind === 'day' && value !== '' && !DAY.test(value)) wrong.add(name);
  }
  const { from, to } = asked;
  if (from !== undefined && to !== undefined && from !== '' && to !== '' && from >= to) wrong.add('to');
  return wrong;
}

export function QuestionFields(props: {
  readonly form: QuestionForm;
  readonly asked: Asked;
  readonly onAsk: (asked: Asked) => void;
}) {
  const { form, onAsk } = props;
  const { t } = useTranslation('compliance');
  const element = useRef<HTMLFormElement>(null);
  const [asked, setAsked] = useState<Asked>(props.asked);
  const [isTried, setTried] = useState(false);
  const wrong = wrongFields(form, asked);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong.size === 0) onAsk(asked);
    else {
      requestAnimationFrame(() =>
        element.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid] button')?.focus(),
      );
    }
  };
  return (
    <form ref={element} onSubmit={submit} noValidate className={styles.form}>
      <div className={styles.fields}>
        {form.fields.map((field) => (
          <FieldOf
            key={field.name}
            field={field}
            value={asked[field.name] ?? ''}
            error={isTried && wrong.has(field.name) ? t(`needed.${field.name}`) : undefined}
            onChange={(value) => setAsked((now) => ({ ...now, [field.name]: value }))}
          />
        ))}
      </div>
      <div>
        <Button type="submit" tone="primary">
          {t('ask')}
        </Button>
      </div>
    </form>
  );
}

function FieldOf(props: {
  readonly field: QuestionField;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { field, value, error, onChange } = props;
  const { name, kind, isRequired } = field;
  const { t } = useTranslation('compliance');
  const shared = useTranslation().t;
  const items = useChoices(kind);
  const common = { label: t(`fields.${name}`), help: t(`help.${name}`), error, isRequired, value, onChange };
  if (kind === 'day') return <DateField {...common} />;
  if (kind === 'purpose') {
    return (
      <Select
        {...common}
        value={value === '' ? null : value}
        placeholder={t('choose')}
        choices={PURPOSES.map((code) => ({ value: code, label: shared(`purposes.${code}`), help: code }))}
      />
    );
  }
  const all = isRequired ? undefined : t(`all.${name as 'mspId'}`);
  return <IdField {...common} items={items} {...(all !== undefined && { placeholder: all })} />;
}
