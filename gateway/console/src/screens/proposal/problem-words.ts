// What is wrong with a field in words of a form: the rules speak of a text that programs write.
import type { Problem } from '@consilium/domain';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Place } from './check-draft.ts';
import type { FieldTexts } from './draft.ts';

const CHOSEN: ReadonlySet<Place> = new Set(['purpose', 'aggregation.rule', 'afterWithdrawal']);
const DECIMALS = /^(?:training\.(?!steps)|validation\.|aggregation\.max)/;
/** As the ledger writes numbers that are not whole. */
const DECIMAL = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,15})?$/;

/** A problem as a sentence beside its field. */
export function useProblemWords(texts: FieldTexts): (problem: Problem, place: Place) => string {
  const { t } = useTranslation('proposal');
  return useCallback(
    ({ field, text, remedy }, place) => {
      if (field === 'model' && text === 'is missing') return t('model.missing');
      if (field === 'model' && text === 'upload') return t('model.uploadMissing');
      if (field === 'model' && text === 'hidden') return t('model.hiddenWrong');
      if (place === 'datasets' && /^must have at least/.test(text)) return t('problems.chooseDataset');
      if (place in texts) {
        const written = texts[place as keyof FieldTexts].trim();
        const isEmpty = written === '';
        if (CHOSEN.has(place) && (isEmpty || text.startsWith('must be one of'))) return t('problems.choose');
        if (isEmpty) return t('problems.empty');
        if (DECIMALS.test(place) && !DECIMAL.test(written)) return t('problems.decimal');
      }
      const said = text.replace(/^:\s*/, '');
      // A part that has no field of its own is named.
      const isPart = field !== place && place !== 'form';
      const what = isPart && !text.startsWith(':') ? `${field} ${said}` : said;
      const sentence = remedy === undefined ? what : `${what}: ${remedy}`;
      return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${/[.!?]$/.test(sentence) ? '' : '.'}`;
    },
    [t, texts],
  );
}
