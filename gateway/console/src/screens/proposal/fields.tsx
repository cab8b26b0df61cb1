// Fields of the form by their path: with their words, their help, and what is wrong with them.
import { AGGREGATION_RULES } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { Choices, Select, TextField } from '../../components/fields.tsx';
import { formatDuration } from '../../format/times.ts';
import type words from '../../texts/en/words.json';
import { bearsFaulty, type FieldName } from './draft.ts';
import { placeId, useForm } from './form-state.ts';
import styles from './proposal.module.css';

type Typed = Exclude<FieldName, 'purpose' | 'aggregation.rule' | 'afterWithdrawal'>;

/** One that is typed. */
export function Typed({ name, lines = 1 }: { readonly name: Typed; readonly lines?: number }) {
  const { t } = useTranslation('proposal');
  const { draft, filled, setText, wrongAt } = useForm();
  // An empty field shows what is taken in its place, until it is written into.
  const value = draft.texts[name] === '' ? filled[name] : draft.texts[name];
  const seconds = Number(filled.roundDeadlineSeconds);
  const duration = Number.isInteger(seconds) && seconds > 0 && seconds < 1e9 ? formatDuration(seconds) : '–';
  return (
    <div id={placeId(name)}>
      <TextField
        label={t(`fields.${name}.label`)}
        help={
          name === 'roundDeadlineSeconds'
            ? t('fields.roundDeadlineSeconds.help', { duration })
            : t(`fields.${name}.help`)
        }
        error={wrongAt(name)}
        value={value}
        onChange={(text) => setText(name, text)}
        lines={lines}
        isMono={name === 'studyId'}
        isRequired={name !== 'aggregation.faulty'}
        validationBehavior="aria"
        autoComplete="off"
      />
    </div>
  );
}

type Purpose = keyof (typeof words)['purposes'];

export function PurposeField() {
  const { t } = useTranslation('proposal');
  const { t: word } = useTranslation();
  const { draft, setText, wrongAt } = useForm();
  const purposes = word('purposes', { returnObjects: true });
  const codes = Object.keys(purposes) as Purpose[];
  return (
    <div id={placeId('purpose')}>
      <Select
        label={t('fields.purpose.label')}
        help={t('fields.purpose.help')}
        error={wrongAt('purpose')}
        value={codes.find((code) => code === draft.texts.purpose) ?? null}
        onChange={(code) => setText('purpose', code)}
        choices={codes.map((code) => ({ value: code, label: purposes[code], help: code }))}
        isRequired
      />
    </div>
  );
}

export function RuleFields() {
  const { t } = useTranslation('proposal');
  const { draft, setText, wrongAt } = useForm();
  const rule = draft.texts['aggregation.rule'];
  return (
    <div className={styles.fields}>
      <div id={placeId('aggregation.rule')}>
        <Select
          label={t('fields.aggregation.rule.label')}
          help={t('fields.aggregation.rule.help')}
          error={wrongAt('aggregation.rule')}
          value={AGGREGATION_RULES.find((one) => one === rule) ?? null}
          onChange={(one) => setText('aggregation.rule', one)}
          choices={AGGREGATION_RULES.map((one) => ({ value: one, label: t(`rules.${one}`) }))}
          isRequired
        />
      </div>
      {bearsFaulty(rule) && <Typed name="aggregation.faulty" />}
      <Typed name="aggregation.maxUpdateNormL2" />
    </div>
  );
}

const AFTER = ['kept', 'retired'] as const;

export function AfterWithdrawalField() {
  const { t } = useTranslation('proposal');
  const { draft, setText, wrongAt } = useForm();
  return (
    <div id={placeId('afterWithdrawal')}>
      <Choices
        label={t('fields.afterWithdrawal.label')}
        help={t('fields.afterWithdrawal.help')}
        error={wrongAt('afterWithdrawal')}
        value={AFTER.find((one) => one === draft.texts.afterWithdrawal) ?? 'kept'}
        onChange={(one) => setText('afterWithdrawal', one)}
        choices={AFTER.map((value) => ({
          value,
          label: t(`afterWithdrawal.${value}`),
          help: t(`afterWithdrawal.${value}Help`),
        }))}
      />
    </div>
  );
}
