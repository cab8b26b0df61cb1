// A new webhook. Its secret is shown this once.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { Failure } from '../../components/query-state.tsx';
import styles from './administration.module.css';
import { SecretOnce } from './secret-once.tsx';

export function RegisterWebhook({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('administration');
  const { t: word } = useTranslation();
  const register = useApiAction('registerWebhook');
  const [url, setUrl] = useState('https://');
  const [studyId, setStudyId] = useState('');
  const [from, setFrom] = useState('');
  const [isTried, setTried] = useState(false);
  const isUrl = /^https:\/\/[^/\s]+/.test(url);
  const isBlock = /^\d{0,15}$/.test(from);
  const submit = () => {
    setTried(true);
    if (!isUrl || !isBlock) return;
    register.mutate({
      body: { url, ...(studyId !== '' && { studyId }), ...(from !== '' && { from: Number(from) }) },
    });
  };
  if (register.data !== undefined) {
    return (
      <Dialog title={t('webhooks.registeredTitle')} isOpen onClose={onClose} isFirm>
        <SecretOnce secret={register.data.secret} help={t('webhooks.secretHelp')} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title={t('webhooks.register')} isOpen onClose={onClose}>
      <div className={styles.form}>
        <TextField
          label={t('webhooks.url')}
          help={t('webhooks.urlHelp')}
          type="url"
          isMono
          value={url}
          onChange={setUrl}
          error={isTried && !isUrl ? t('webhooks.urlWrong') : undefined}
        />
        <TextField
          label={t('webhooks.studyField')}
          help={t('webhooks.studyHelp')}
          isMono
          value={studyId}
          onChange={setStudyId}
        />
        <TextField
          label={t('webhooks.from')}
          help={t('webhooks.fromHelp')}
          inputMode="numeric"
          value={from}
          onChange={setFrom}
          error={isTried && !isBlock ? t('webhooks.blockWrong') : undefined}
        />
        {register.error !== null && <Failure error={register.error} isOfAction />}
        <DialogActions>
          <Button onPress={onClose}>{word('actions.cancel')}</Button>
          <Button tone="primary" isWorking={register.isPending} onPress={submit}>
            {t('webhooks.registerButton')}
          </Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
