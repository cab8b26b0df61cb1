// Short messages about what was done or has happened, said by screen readers too. They stay until they are
// dismissed or have been there for a while in which nobody read them with pointer or focus.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './icon.tsx';
import type { Tone } from './notice.tsx';
import styles from './toasts.module.css';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

type Say = (text: string, tone?: Tone) => void;

const ToastContext = createContext<Say>(() => undefined);
const SHOWN_MS = 9_000;
const MOST = 4;

/** Says something in a corner of the page, and to screen readers. */
export const useToast = (): Say => useContext(ToastContext);

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation('shell');
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const say = useCallback<Say>((text, tone = 'neutral') => {
    next.current += 1;
    const toast = { id: next.current, text, tone };
    setToasts((shown) => [...shown.slice(1 - MOST), toast]);
  }, []);
  const dismiss = (id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id));
  return (
    <ToastContext value={say}>
      {children}
      <section className={styles.region} aria-label={t('toasts.label')}>
        <div role="status" className={styles.list}>
          {toasts.map((toast) => (
            <ToastLine key={toast.id} toast={toast} onDismiss={() => dismiss(toast.id)} />
          ))}
        </div>
      </section>
    </ToastContext>
  );
}

function ToastLine({ toast, onDismiss }: { readonly toast: Toast; readonly onDismiss: () => void }) {
  const { t } = useTranslation('shell');
  const [isRead, setRead] = useState(false);
  const dismiss = useRef(onDismiss);
  dismiss.current = onDismiss;
  useEffect(() => {
    if (isRead) return;
    const timer = setTimeout(() => dismiss.current(), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isRead]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps it there
    <div
      className={`${styles.toast} ${styles[toast.tone]}`}
      onPointerEnter={() => setRead(true)}
      onPointerLeave={() => setRead(false)}
      onFocus={() => setRead(true)}
      onBlur={() => setRead(false)}
    >
      <span>{toast.text}</span>
      <button type="button" className={styles.dismiss} aria-label={t('toasts.dismiss')} onClick={onDismiss}>
        <Icon name="cross" />
      </button>
    </div>
  );
}
