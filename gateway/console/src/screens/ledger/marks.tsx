// What is known of a block beside what it says: checked here, sent alike by other peers, seen by other gateways.
import { useTranslation } from 'react-i18next';
import { Meaning } from '../../components/meaning.tsx';
import { useHospitalTitle } from '../../components/names.tsx';
import styles from './ledger.module.css';
import type { LedgerBlock } from './ledger-types.ts';

export function Marks({ block }: { readonly block: LedgerBlock }) {
  const { t } = useTranslation('ledger');
  const title = useHospitalTitle();
  const namesOf = (mspIds: readonly string[]) => mspIds.map(title).join(', ');
  const { agreed, witnessed, isConfiguration } = block;
  const peers =
    agreed.length === 0 ? t('marks.agreedNone') : t('marks.agreedMeaning', { names: namesOf(agreed) });
  const seen =
    witnessed.length === 0
      ? t('marks.witnessedNone')
      : t('marks.witnessedMeaning', { names: namesOf(witnessed) });
  return (
    <span className={styles.marks}>
      <Meaning meaning={t('marks.checkedMeaning')}>{t('marks.checked')}</Meaning>
      <Meaning meaning={peers}>{t('marks.agreed', { count: agreed.length })}</Meaning>
      <Meaning meaning={seen}>{t('marks.witnessed', { count: witnessed.length })}</Meaning>
      {isConfiguration && (
        <Meaning meaning={t('marks.configurationMeaning')}>{t('marks.configuration')}</Meaning>
      )}
    </span>
  );
}
