// One field for an id of any kind, and filters. What is chosen is in the address, so that it can be passed on.
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Button } from '../../components/button.tsx';
import { Select, TextField } from '../../components/fields.tsx';
import { useMembers } from '../../components/names.tsx';
import styles from './ledger.module.css';
import type { LedgerFilters } from './ledger-filters.ts';
import { foundAddress, type WordName } from './ledger-words.ts';

const ANY = '';

export interface LedgerSearchProps {
  readonly filters: LedgerFilters;
  readonly onChange: (filters: LedgerFilters) => void;
}

export function LedgerSearch({ filters, onChange }: LedgerSearchProps) {
  const { t } = useTranslation('ledger');
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const find = (event: FormEvent) => {
    event.preventDefault();
    const address = foundAddress(text);
    if (address === undefined) return;
    const [, subject] = address.split('?subject=');
    if (subject === undefined) navigate(address);
    else onChange({ ...filters, subject: decodeURIComponent(subject) });
    setText('');
  };
  return (
    <search className={styles.search} aria-label={t('search.label')}>
      <form className={styles.find} onSubmit={find}>
        <TextField
          label={t('search.field')}
          help={t('search.fieldHelp')}
          isMono
          autoComplete="off"
          spellCheck="false"
          value={text}
          onChange={setText}
        />
        <Button type="submit">{t('search.go')}</Button>
      </form>
      <FilterFields filters={filters} onChange={onChange} />
    </search>
  );
}

function FilterFields({ filters, onChange }: LedgerSearchProps) {
  const { t } = useTranslation('ledger');
  const members = useMembers();
  const words = Object.keys(t('words', { returnObjects: true })) as WordName[];
  const set = (changed: Partial<LedgerFilters>) => onChange({ ...filters, ...changed });
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <>
      <fieldset className={styles.filters} aria-label={t('search.filters')}>
        <Select
          label={t('search.hospital')}
          value={filters.hospital}
          onChange={(hospital) => set({ hospital })}
          choices={[
            { value: ANY, label: t('search.anyHospital') },
            ...[...members.values()].map(({ mspId, title }) => ({ value: mspId, label: title })),
          ]}
        />
        <Select
          label={t('search.what')}
          value={filters.transaction}
          onChange={(transaction) => set({ transaction })}
          choices={[
            { value: ANY, label: t('search.anything') },
            ...words.map((name) => ({ value: name.replace('_', ':'), label: t(`words.${name}`) })),
          ]}
        />
        <Select
          label={t('search.effect')}
          value={filters.validity}
          onChange={(validity) => set({ validity: validity as LedgerFilters['validity'] })}
          choices={[
            { value: ANY, label: t('search.effects.any') },
            { value: 'valid', label: t('search.effects.valid') },
            { value: 'invalid', label: t('search.effects.invalid') },
          ]}
        />
        <DayField label={t('search.from')} day={filters.from} onChange={(from) => set({ from })} />
        <DayField label={t('search.to')} day={filters.to} onChange={(to) => set({ to })} />
      </fieldset>
      {(isFiltered || filters.subject !== '') && (
        <div className={styles.row}>
          {filters.subject !== '' && (
            <strong>
              <bdi>{t('search.about', { id: filters.subject })}</bdi>
            </strong>
          )}
          <Button
            isSmall
            onPress={() =>
              onChange({ hospital: ANY, transaction: ANY, subject: ANY, validity: ANY, from: ANY, to: ANY })
            }
          >
            {t('search.clear')}
          </Button>
        </div>
      )}
    </>
  );
}

/** A day of the calendar, by the browser's own field. */
function DayField({
  label,
  day,
  onChange,
}: {
  readonly label: string;
  readonly day: string;
  readonly onChange: (day: string) => void;
}) {
  return <TextField label={label} type="date" value={day} onChange={onChange} />;
}
