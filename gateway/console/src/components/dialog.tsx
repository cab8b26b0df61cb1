// Dialogs: something to fill in, or something to confirm before it cannot be undone.
import { type ReactNode, useState } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { useTranslation } from 'react-i18next';
import { Button, type ButtonTone } from './button.tsx';
import styles from './dialog.module.css';
import { Failure } from './query-state.tsx';

export interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Not closed by a press beside it: for what is shown once. */
  readonly isFirm?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, isOpen, onClose, isFirm = false, children }: DialogProps) {
  return (
    <ModalOverlay
      className={styles.veil ?? ''}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={!isFirm}
      isKeyboardDismissDisabled={isFirm}
    >
      <Modal className={styles.modal ?? ''}>
        <AriaDialog className={styles.dialog ?? ''}>
          <Heading slot="title" level={2} className={styles.title ?? ''}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The buttons of a dialog, the one that goes on last. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}

export interface ConfirmButtonProps {
  /** On the button that asks. */
  readonly label: string;
  readonly title: string;
  /** What will happen, and whether it can be undone. */
  readonly children: ReactNode;
  /** On the button that does it; the label where absent. */
  readonly confirm?: string;
  readonly tone?: ButtonTone;
  readonly isSmall?: boolean;
  readonly isDisabled?: boolean;
  /** A failure is shown in the dialog, which then stays open. */
  readonly onConfirm: () => Promise<unknown>;
}

/** A button that asks before it does what cannot be undone. */
export function ConfirmButton({ label, title, children, confirm, onConfirm, ...looks }: ConfirmButtonProps) {
  const { t } = useTranslation();
  const { tone = 'danger', isSmall = false, isDisabled = false } = looks;
  const [isOpen, setOpen] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const close = () => {
    setOpen(false);
    setError(null);
  };
  const act = async () => {
    setWorking(true);
    setError(null);
    try {
      await onConfirm();
      close();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setWorking(false);
    }
  };
  return (
    <>
      <Button tone={tone} isSmall={isSmall} isDisabled={isDisabled} onPress={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={close}>
        <div className={styles.body}>{children}</div>
        {error !== null && <Failure error={error} isOfAction />}
        <DialogActions>
          <Button onPress={close}>{t('actions.cancel')}</Button>
          <Button tone={tone} isWorking={isWorking} onPress={() => void act()}>
            {confirm ?? label}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
