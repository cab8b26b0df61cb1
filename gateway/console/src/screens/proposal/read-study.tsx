// The study as every hospital will read it, with its cost: read here before it is sent.
import type { Dataset, StudyAnswer, StudyRow } from '@consilium/domain';
import type { CostingPlan } from '@consilium/domain/rules';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Failure } from '../../components/query-state.tsx';
import { Protection, TextFacts } from '../study/plan.tsx';
import styles from './proposal.module.css';
import { anyTooMuch, Quotes, useQuotes } from './quotes.tsx';

interface ReadProps {
  /** As the ledger would have it. */
  readonly row: StudyRow;
  readonly plan: CostingPlan;
  readonly datasets: readonly Dataset[];
  readonly isSending: boolean;
  /** Why it was not taken, or that no answer came. */
  readonly error: Error | null;
  readonly onBack: () => void;
  readonly onSend: () => void;
}

export function ReadStudy({ row, plan, datasets, isSending, error, onBack, onSend }: ReadProps) {
  const { t } = useTranslation('proposal');
  const { t: ofStudy } = useTranslation('study');
  const study: StudyAnswer = row;
  const quotes = useQuotes({ plan, datasets });
  return (
    <>
      <div className={styles.columns}>
        <div className={styles.parts}>
          <Section title={ofStudy('plan.detailsTitle')}>
            <TextFacts study={study} />
          </Section>
          <Protection study={study} />
        </div>
        <div className={styles.beside}>
          <Quotes plan={plan} datasets={datasets} />
        </div>
      </div>
      <Section title={t('read.send')}>
        <div className={styles.stack}>
          {anyTooMuch(quotes) && (
            <Notice tone="warning" title={t('read.doesNotFit')}>
              <p>{t('read.doesNotFitText')}</p>
            </Notice>
          )}
          <p className={styles.prose}>{t('read.sendText')}</p>
          {error !== null && <Failure error={error} isOfAction />}
          <div className={styles.row}>
            <Button onPress={onBack} isDisabled={isSending}>
              {t('read.back')}
            </Button>
            <Button tone="primary" isWorking={isSending} onPress={onSend}>
              {t('read.send')}
            </Button>
          </div>
        </div>
      </Section>
    </>
  );
}
