// What can be done with a webhook: send again from a block on, give it a new secret, remove it.
import type { ListWebhooksAnswerItem } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmButton, Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { useToast } from '../../components/toasts.tsx';
import styles from './administration.module.css';
import { SecretOnce } from './secret-once.tsx';

export function WebhookActions({ webhook }: { readonly webhook: ListWebhooksAnswerItem }) {
  const { t } = useTranslation('administration');
  const say = useToast();
  const [secret, setSecret] = useState<string | null>(null);
  const [from, setFrom] = useState('0');
  const [may, mayRotate, mayRemove] = [
    useMay('replayWebhook'),
    useMay('rotateWebhookSecret'),
    useMay('removeWebhook'),
  ];
  const replay = useApiAction('replayWebhook');
  const rotate = useApiAction('rotateWebhookSecret');
  const remove = useApiAction('removeWebhook');
  const path = { webhookId: webhook.webhookId };
  const isBlock = /^\d{1,15}$/.test(from);
  return (
    <div className={styles.buttons}>
      {may && (
        <ConfirmButton
          label={t('webhooks.replay')}
          title={t('webhooks.replayTitle')}
          tone="plain"
          isSmall
          onConfirm={async () => {
            if (!isBlock) throw new Error(t('webhooks.blockWrong'));
            await replay.mutateAsync({ path, body: { from: Number(from) } });
            say(t('webhooks.replayed', { block: from }), 'good');
          }}
        >
          <p>{t('webhooks.replayDetail')}</p>
          <TextField label={t('webhooks.from')} inputMode="numeric" value={from} onChange={setFrom} />
        </ConfirmButton>
      )}
      {mayRotate && (
        <ConfirmButton
          label={t('webhooks.rotate')}
          title={t('webhooks.rotateTitle')}
          tone="plain"
          isSmall
          onConfirm={async () => setSecret((await rotate.mutateAsync({ path, body: {} })).secret)}
        >
          <p>{t('webhooks.rotateDetail')}</p>
        </ConfirmButton>
      )}
      {mayRemove && (
        <ConfirmButton
          label={t('webhooks.remove')}
          title={t('webhooks.removeTitle')}
          isSmall
          onConfirm={async () => {
            await remove.mutateAsync({ path });
            say(t('webhooks.removed'), 'good');
          }}
        >
          <p>{t('webhooks.removeDetail', { url: webhook.url })}</p>
        </ConfirmButton>
      )}
      {secret !== null && (
        <Dialog title={t('webhooks.rotateTitle')} isOpen isFirm onClose={() => setSecret(null)}>
          <SecretOnce secret={secret} help={t('webhooks.secretHelp')} onClose={() => setSecret(null)} />
        </Dialog>
      )}
    </div>
  );
}
