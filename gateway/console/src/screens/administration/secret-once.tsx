// A secret that the gateway shows once: it is in this dialog, and gone with it.
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { DialogActions } from '../../components/dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import styles from './administration.module.css';

export interface SecretOnceProps {
  readonly secret: string;
  /** Where it belongs. */
  readonly help: string;
  readonly onClose: () => void;
}

export function SecretOnce({ secret, help, onClose }: SecretOnceProps) {
  const { t } = useTranslation('administration');
  return (
    <div className={styles.form}>
      <Notice tone="warning" title={t('once.title')}>
        <p>{help}</p>
      </Notice>
      <div className={styles.secret}>
        <Code text={secret} />
      </div>
      <DialogActions>
        <Button tone="primary" onPress={onClose}>
          {t('once.done')}
        </Button>
      </DialogActions>
    </div>
  );
}
