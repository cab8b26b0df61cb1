// A day, with the picker that the reader's browser has.
import { useId } from 'react';
import styles from './fields.module.css';

export interface DateFieldProps {
  readonly label: string;
  readonly help?: string;
  readonly error?: string | undefined;
  /** A day such as 2026-11-29; empty for none. */
  readonly value: string;
  readonly onChange: (day: string) => void;
  readonly isRequired?: boolean;
  readonly latest?: string;
}

export function DateField(props: DateFieldProps) {
  const { label, help, error, value, onChange, isRequired = false, latest } = props;
  const id = useId();
  const described = [help === undefined ? '' : `${id}-help`, error === undefined ? '' : `${id}-error`];
  return (
    <div className={styles.field} data-invalid={error === undefined ? undefined : true}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {help !== undefined && (
        <span id={`${id}-help`} className={styles.help}>
          {help}
        </span>
      )}
      <input
        id={id}
        type="date"
        className={`${styles.input} ${styles.date}`}
        value={value}
        max={latest}
        onChange={(event) => onChange(event.target.value)}
        required={isRequired}
        aria-invalid={error !== undefined}
        aria-describedby={described.join(' ').trim() || undefined}
      />
      {error !== undefined && (
        <span id={`${id}-error`} className={styles.error}>
          {error}
        </span>
      )}
    </div>
  );
}
