// In which state something is: a word and a sign, and a colour beside.
import { useTranslation } from 'react-i18next';
import type words from '../texts/en/words.json';
import { Icon, type IconName } from './icon.tsx';
import type { Tone } from './notice.tsx';
import styles from './state-badge.module.css';

/** Every state that the console names. */
export type StateName = keyof (typeof words)['states'];

const LOOKS: Readonly<Record<StateName, readonly [tone: Tone, icon: IconName]>> = {
  proposed: ['neutral', 'ring'],
  running: ['active', 'half'],
  paused: ['warning', 'pause'],
  completed: ['good', 'check'],
  aborted: ['neutral', 'cross'],
  training: ['active', 'half'],
  validating: ['active', 'half'],
  aggregating: ['active', 'half'],
  finalized: ['good', 'check'],
  granted: ['good', 'check'],
  withdrawn: ['neutral', 'cross'],
  settled: ['neutral', 'dot'],
  approved: ['active', 'half'],
  declined: ['bad', 'cross'],
  waiting: ['warning', 'clock'],
  open: ['active', 'ring'],
  carried: ['good', 'check'],
  rejected: ['bad', 'cross'],
  lapsed: ['neutral', 'dot'],
  active: ['good', 'check'],
  delivering: ['good', 'check'],
  retrying: ['warning', 'clock'],
  retired: ['neutral', 'cross'],
  succeeded: ['good', 'check'],
  inactive: ['neutral', 'dot'],
  stopped: ['bad', 'pause'],
  revoked: ['neutral', 'cross'],
  expired: ['neutral', 'clock'],
  member: ['good', 'check'],
  left: ['neutral', 'cross'],
  removed: ['bad', 'cross'],
  verified: ['good', 'check'],
  unverified: ['warning', 'warning'],
  failed: ['bad', 'cross'],
  accepted: ['good', 'check'],
  refused: ['bad', 'cross'],
  for: ['good', 'check'],
  against: ['bad', 'cross'],
  overdue: ['warning', 'clock'],
  valid: ['good', 'check'],
  invalid: ['bad', 'cross'],
};

export function StateBadge({ state }: { readonly state: StateName }) {
  const { t } = useTranslation();
  const [tone, icon] = LOOKS[state];
  return (
    <span className={`${styles.badge} ${styles[tone]}`}>
      <Icon name={icon} />
      {t(`states.${state}`)}
    </span>
  );
}
