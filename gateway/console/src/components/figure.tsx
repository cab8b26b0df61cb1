// One figure with its name and what it means.
import type { ReactNode } from 'react';
import styles from './figure.module.css';
import { Meaning } from './meaning.tsx';

export interface FigureProps {
  readonly label: string;
  readonly value: ReactNode;
  /** What it says, and what it does not: a sentence or two of the catalogue. */
  readonly meaning: ReactNode;
  /** Under the value, in small. */
  readonly note?: ReactNode;
  /** Words in place of a number, which are set smaller. */
  readonly isText?: boolean;
  /** Of the room of two, for a long note. */
  readonly isWide?: boolean;
}

export function Figure({ label, value, meaning, note, isText = false, isWide = false }: FigureProps) {
  return (
    <div className={`${styles.figure} ${isWide ? styles.wide : ''}`}>
      <dt className={styles.label}>
        <Meaning meaning={meaning}>{label}</Meaning>
      </dt>
      <dd className={styles.value} data-figure="">
        {isText ? <span className={styles.text}>{value}</span> : value}
      </dd>
      {note !== undefined && <dd className={styles.note}>{note}</dd>}
    </div>
  );
}

/** Figures side by side, as many as there is room for. */
export function Figures({ children }: { readonly children: ReactNode }) {
  return <dl className={styles.figures}>{children}</dl>;
}

/** What a thing is, by name and value, one below the other. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: ReactNode, value: ReactNode])[];
}) {
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: facts have a fixed order and no other name
        <div key={index} className={styles.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
