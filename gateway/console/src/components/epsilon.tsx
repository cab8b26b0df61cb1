// ε and δ with what they mean.
import { useTranslation } from 'react-i18next';
import type { Rounding } from '../format/decimal.ts';
import { deltaParts, formatDelta, formatEpsilon } from '../format/privacy.ts';
import { Meaning } from './meaning.tsx';

export interface EpsilonProps {
  /** As the ledger has it. */
  readonly value: string | number;
  /** `down` for what is left. */
  readonly rounding?: Rounding;
  /** Without what it means, where that is said beside it. */
  readonly isBare?: boolean;
}

/** `ε 0.043`. */
export function Epsilon({ value, rounding = 'up', isBare = false }: EpsilonProps) {
  const { t } = useTranslation();
  const said = (
    <span data-figure="" className="whole">
      <span aria-hidden="true">ε</span>
      <span className="unseen">{t('epsilon.name')}</span> {formatEpsilon(value, rounding)}
    </span>
  );
  if (isBare) return said;
  return (
    <Meaning meaning={rounding === 'up' ? t('epsilon.meaning') : t('epsilon.leftMeaning')}>{said}</Meaning>
  );
}

/** `δ 10⁻⁵`. */
export function Delta({
  value,
  isBare = false,
}: {
  readonly value: string | number;
  readonly isBare?: boolean;
}) {
  const { t } = useTranslation();
  const { digit, power } = deltaParts(value) ?? { digit: 0, power: 0 };
  const spoken =
    digit === 1 ? t('epsilon.powerSpoken', { power }) : t('epsilon.deltaSpoken', { digit, power });
  const said = (
    <span data-figure="" className="whole">
      <span aria-hidden="true">δ {formatDelta(value)}</span>
      <span className="unseen">
        {t('epsilon.delta')} {spoken}
      </span>
    </span>
  );
  return isBare ? said : <Meaning meaning={t('epsilon.deltaMeaning')}>{said}</Meaning>;
}
