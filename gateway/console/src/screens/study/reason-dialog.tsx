// A dialog that asks for a reason, which all hospitals read, before it does what cannot be undone. What was written is
// kept while nothing came of it.
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, type ButtonTone } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { Failure } from '../../components/query-state.tsx';
import styles from './study.module.css';

const REASON_MOST = 500;

export interface ReasonDialogProps {
  /** On the button that asks, and on the one that does it. */
  readonly label: string;
  readonly title: string;
  readonly tone?: ButtonTone;
  readonly isDisabled?: boolean;
  /** What will happen, and whether it can be undone. */
  readonly children: ReactNode;
  /** More fields, before the reason. */
  readonly fields?: ReactNode;
  /** Whether these are filled in; what is wrong is shown beside them. */
  readonly checkFields?: () => boolean;
  readonly onConfirm: (reason: string) => Promise<unknown>;
}

export function ReasonDialog(props: ReasonDialogProps) {
  const {
    label,
    title,
    tone = 'plain',
    isDisabled = false,
    children,
    fields,
    checkFields,
    onConfirm,
  } = props;
  const { t } = useTranslation('study');
  const { t: word } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<string>();
  const [error, setError] = useState<Error | null>(null);
  const [isWorking, setWorking] = useState(false);
  const close = () => {
    setOpen(false);
    setError(null);
    setProblem(undefined);
  };
  const act = async () => {
    const said = reason.trim();
    const wrong =
      said === ''
        ? t('motions.reasonEmpty')
        : said.length > REASON_MOST
          ? t('motions.reasonLong')
          : undefined;
    setProblem(wrong);
    const isFilled = checkFields?.() ?? true;
    if (wrong !== undefined || !isFilled) return;
    setWorking(true);
    setError(null);
    try {
      await onConfirm(said);
      setReason('');
      close();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setWorking(false);
    }
  };
  return (
    <>
      <Button tone={tone} isDisabled={isDisabled} onPress={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={close}>
        <div className={styles.form}>
          {children}
          {fields}
          <TextField
            label={t('motions.reason')}
            help={t('motions.reasonHelp')}
            error={problem}
            value={reason}
            onChange={setReason}
            lines={3}
            isRequired
          />
          {error !== null && <Failure error={error} isOfAction />}
        </div>
        <DialogActions>
          <Button onPress={close}>{word('actions.cancel')}</Button>
          <Button tone={tone} isWorking={isWorking} onPress={() => void act()}>
            {label}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
