// A link that is what one does next, looked at as a button.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './button.module.css';
import type { ButtonTone } from './button.tsx';

export interface ButtonLinkProps {
  /** Below /console. */
  readonly to: string;
  readonly tone?: ButtonTone;
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}

export function ButtonLink({ to, tone = 'plain', isSmall = false, children }: ButtonLinkProps) {
  return (
    <Link href={to} className={[styles.button, styles[tone], isSmall ? styles.small : ''].join(' ')}>
      {children}
    </Link>
  );
}
