// Buttons. What a button does is its text; while it does it, it says so and cannot be pressed twice.
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';
import styles from './button.module.css';

export type ButtonTone = 'primary' | 'plain' | 'quiet' | 'danger';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  /** One primary button on a screen at most. */
  readonly tone?: ButtonTone;
  readonly isWorking?: boolean;
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}

export function Button({
  tone = 'plain',
  isWorking = false,
  isSmall = false,
  children,
  ...props
}: ButtonProps) {
  const { t } = useTranslation();
  const names = [styles.button, styles[tone], isSmall ? styles.small : ''].join(' ');
  return (
    <AriaButton {...props} className={names} isPending={isWorking}>
      {children}
      {isWorking && <span className={styles.working} role="img" aria-label={t('actions.working')} />}
    </AriaButton>
  );
}
