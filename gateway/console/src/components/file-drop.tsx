// A place to drop a file on, with a button that does the same by keyboard. A file that misses the place is not opened
// in the place of the page.
import { type DragEvent, useEffect, useRef, useState } from 'react';
import { Button } from './button.tsx';
import styles from './file-drop.module.css';

export interface FileDropProps {
  /** Of the input, for screen readers. */
  readonly label: string;
  /** What to drop, or what was. A file's name is a stranger's text. */
  readonly title: string;
  /** On the button. */
  readonly choose: string;
  readonly help: string;
  readonly error?: string | undefined;
  /** Endings and media types that a browser offers. */
  readonly accept: string;
  readonly onChoose: (file: File | undefined) => void;
}

const holdsFiles = (event: { readonly dataTransfer: DataTransfer | null }): boolean =>
  event.dataTransfer?.types.includes('Files') ?? false;

/** Keeps the page where a file is dropped beside its place. */
function useNoFileOpened(): void {
  useEffect(() => {
    const stay = (event: globalThis.DragEvent) => {
      if (holdsFiles(event)) event.preventDefault();
    };
    addEventListener('dragover', stay);
    addEventListener('drop', stay);
    return () => {
      removeEventListener('dragover', stay);
      removeEventListener('drop', stay);
    };
  }, []);
}

export function FileDrop({ label, title, choose, help, error, accept, onChoose }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  useNoFileOpened();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onChoose(event.dataTransfer.files[0]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same by keyboard
    <div
      className={`${styles.drop} ${isOver ? styles.over : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        ref={input}
        type="file"
        className="unseen"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          onChoose(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      <p className={styles.title}>
        <bdi>{title}</bdi>
      </p>
      <Button onPress={() => input.current?.click()}>{choose}</Button>
      <p className="small soft">{help}</p>
      {error !== undefined && (
        <p className={styles.wrong} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
