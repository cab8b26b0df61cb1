// Which datasets a study asks for: of those that the ledger has, with what their terms allow.
import type { DatasetSummary } from '@consilium/client/browser';
import { purposeAllowed } from '@consilium/domain';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Checkbox, TextField } from '../../components/fields.tsx';
import { HospitalName, useDatasets, useHospitalTitle } from '../../components/names.tsx';
import { useNow } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import type words from '../../texts/en/words.json';
import { placeId, useForm } from './form-state.ts';
import styles from './proposal.module.css';

/** With more than this there is a field to find one. */
const FILTERED_FROM = 8;
/** More are not shown at a time: whoever looks for one among more types on. */
const SHOWN_MOST = 60;

type Purpose = keyof (typeof words)['purposes'];

export function DatasetsField() {
  const { t } = useTranslation('proposal');
  const { draft, change, wrongAt } = useForm();
  const known = useDatasets();
  const titleOf = useHospitalTitle();
  const [wanted, setWanted] = useState('');
  const all = useMemo(
    () =>
      [...known.values()].toSorted(
        (one, other) => one.owner.localeCompare(other.owner) || one.title.localeCompare(other.title),
      ),
    [known],
  );
  const found = all.filter(({ datasetId, title, owner }) =>
    `${datasetId} ${title} ${titleOf(owner)}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  const unknown = draft.datasets.filter((datasetId) => known.size > 0 && !known.has(datasetId));
  const choose = (datasetId: string, isChosen: boolean) =>
    change({
      datasets: isChosen ? [...draft.datasets, datasetId] : draft.datasets.filter((one) => one !== datasetId),
    });
  const wrong = wrongAt('datasets');
  return (
    <fieldset id={placeId('datasets')} className={styles.datasets} aria-describedby="datasets-wrong">
      <legend className="unseen">{t('datasets.label')}</legend>
      {all.length > FILTERED_FROM && (
        <TextField
          label={t('datasets.filter')}
          help={t('datasets.filterHelp')}
          value={wanted}
          onChange={setWanted}
          autoComplete="off"
        />
      )}
      {all.length === 0 && <p className="soft">{t('datasets.none')}</p>}
      {all.length > 0 && found.length === 0 && <p className="soft">{t('datasets.noneFound')}</p>}
      <ul className={styles.choices}>
        {found.slice(0, SHOWN_MOST).map((dataset) => (
          <DatasetChoice
            key={dataset.datasetId}
            dataset={dataset}
            isChosen={draft.datasets.includes(dataset.datasetId)}
            onChange={choose}
          />
        ))}
        {unknown.map((datasetId) => (
          <li key={datasetId} className={styles.choice}>
            <Checkbox isSelected onChange={() => choose(datasetId, false)}>
              <span className="mono">{datasetId}</span>
              <span className={styles.fails}>{t('datasets.unknown')}</span>
            </Checkbox>
          </li>
        ))}
      </ul>
      <p className="small soft">{t('datasets.chosen', { count: draft.datasets.length })}</p>
      <p id="datasets-wrong" className={styles.wrong} hidden={wrong === undefined}>
        {wrong}
      </p>
    </fieldset>
  );
}

interface ChoiceProps {
  readonly dataset: DatasetSummary;
  readonly isChosen: boolean;
  readonly onChange: (datasetId: string, isChosen: boolean) => void;
}

function DatasetChoice({ dataset, isChosen, onChange }: ChoiceProps) {
  const { t } = useTranslation('proposal');
  const { t: word } = useTranslation();
  const { draft } = useForm();
  const now = useNow();
  const { datasetId, title, owner, recordCountBand: band, purposes, expiresAt } = dataset;
  const { purpose } = draft.texts;
  const isAllowed = purpose === '' || purposeAllowed({ purposes: [...purposes] }, purpose);
  const isExpired = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  const isOpen = isAllowed && !isExpired;
  return (
    <li className={styles.choice}>
      {/* One that was chosen can always be taken away again. */}
      <Checkbox
        isSelected={isChosen}
        isDisabled={!isOpen && !isChosen}
        onChange={(is) => onChange(datasetId, is)}
      >
        <span className={styles.choiceTitle}>
          <bdi>{title}</bdi>
        </span>
        <span className={styles.choiceText}>{datasetId}</span>
      </Checkbox>
      <p className={styles.choiceMore}>
        <HospitalName mspId={owner} /> ·{' '}
        {t('datasets.patients', { low: formatCount(band.low), high: formatCount(band.high) })} ·{' '}
        {t('datasets.allowed', {
          purposes: purposes.map((one) => word(`purposes.${one as Purpose}`)).join(', '),
        })}
      </p>
      {!isOpen && (
        <p className={`${styles.choiceMore} ${styles.fails}`}>
          {t(isExpired ? 'datasets.expired' : 'datasets.notAllowed')}
        </p>
      )}
    </li>
  );
}
