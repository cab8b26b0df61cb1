// What can be done with an API key: put another in its place, or revoke it.
import type { ListApiKeysAnswerItem } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useSession } from '../../app/session.tsx';
import { ConfirmButton, Dialog } from '../../components/dialog.tsx';
import { Choices } from '../../components/fields.tsx';
import { useToast } from '../../components/toasts.tsx';
import styles from './administration.module.css';
import { SecretOnce } from './secret-once.tsx';

const OVERLAPS = { none: undefined, hour: 3_600, day: 86_400 } as const;
type Overlap = keyof typeof OVERLAPS;
/** A session ends with its key: the page could not show the new one. */
const OWN_OVERLAPS = ['hour', 'day'] as const satisfies readonly Overlap[];

export interface KeyActionsProps {
  readonly apiKey: ListApiKeysAnswerItem;
  readonly mayRotate: boolean;
  readonly mayRevoke: boolean;
}

export function KeyActions({ apiKey, mayRotate, mayRevoke }: KeyActionsProps) {
  const { t } = useTranslation('administration');
  const { keyId: own } = useSession();
  const say = useToast();
  const rotate = useApiAction('rotateApiKey');
  const revoke = useApiAction('revokeApiKey');
  const [made, setMade] = useState<string | null>(null);
  const [overlap, setOverlap] = useState<Overlap>('hour');
  const path = { keyId: apiKey.id };
  const isOwn = apiKey.id === own;
  return (
    <div className={styles.buttons}>
      {mayRotate && apiKey.state === 'valid' && (
        <ConfirmButton
          label={t('keys.rotate')}
          title={t('keys.rotateTitle', { id: apiKey.id })}
          tone="plain"
          isSmall
          onConfirm={async () => {
            const overlapSeconds = OVERLAPS[overlap];
            const body = overlapSeconds === undefined ? {} : { overlapSeconds };
            setMade((await rotate.mutateAsync({ path, body })).key);
          }}
        >
          <p>{t('keys.rotateDetail')}</p>
          {isOwn && <p>{t('keys.rotateOwn')}</p>}
          <Choices
            label={t('keys.overlap')}
            value={overlap}
            onChange={setOverlap}
            choices={(isOwn ? OWN_OVERLAPS : (['none', ...OWN_OVERLAPS] as const)).map((value) => ({
              value,
              label: t(`keys.overlaps.${value}`),
            }))}
          />
        </ConfirmButton>
      )}
      {mayRevoke && (
        <ConfirmButton
          label={t('keys.revoke')}
          title={t('keys.revokeTitle', { id: apiKey.id })}
          isSmall
          onConfirm={async () => {
            await revoke.mutateAsync({ path });
            say(t('keys.revoked', { id: apiKey.id }), 'good');
          }}
        >
          <p>{t('keys.revokeDetail')}</p>
          {isOwn && <p>{t('keys.revokeOwn')}</p>}
        </ConfirmButton>
      )}
      {made !== null && (
        <Dialog title={t('keys.madeTitle')} isOpen isFirm onClose={() => setMade(null)}>
          <SecretOnce secret={made} help={t('keys.madeHelp')} onClose={() => setMade(null)} />
        </Dialog>
      )}
    </div>
  );
}
