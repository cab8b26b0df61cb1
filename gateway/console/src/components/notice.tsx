// A message in the page, with what to do about it.
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';
import styles from './notice.module.css';

export type Tone = 'neutral' | 'active' | 'good' | 'warning' | 'bad';

const ICONS: Readonly<Record<Tone, IconName>> = {
  neutral: 'info',
  active: 'info',
  good: 'check',
  warning: 'warning',
  bad: 'cross',
};

export interface NoticeProps {
  readonly tone?: Tone;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  /** Said at once by screen readers, where it appears after something was done. */
  readonly isAlert?: boolean;
}

export function Notice({ tone = 'neutral', title, children, isAlert = false }: NoticeProps) {
  return (
    <div className={`${styles.notice} ${styles[tone]}`} role={isAlert ? 'alert' : undefined}>
      <Icon name={ICONS[tone]} className={styles.icon} />
      <div className={styles.text}>
        <p className={styles.title}>{title}</p>
        {children !== undefined && <div className={styles.body}>{children}</div>}
      </div>
    </div>
  );
}
