// A new API key, which is shown this once.
import type { CreateApiKeyRequestScope } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import type { Role } from '../../api/session.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { Checkbox, Choices, Select, TextField } from '../../components/fields.tsx';
import { Failure } from '../../components/query-state.tsx';
import styles from './administration.module.css';
import { ROLES } from './key-role.ts';
import { SecretOnce } from './secret-once.tsx';

const SCOPES = [
  'read',
  'submit',
  'local',
  'events',
  'webhooks',
  'keys',
] as const satisfies readonly CreateApiKeyRequestScope[];
const DAYS = { month: 30, year: 365, never: undefined } as const;
type Life = keyof typeof DAYS;
const DAY_MS = 86_400_000;
/** As the gateway takes ids. */
const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function MakeKey({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('administration');
  const { t: word } = useTranslation();
  const make = useApiAction('createApiKey');
  const [role, setRole] = useState<Role>('auditor');
  const [id, setId] = useState('');
  const [person, setPerson] = useState('');
  const [scopes, setScopes] = useState<readonly CreateApiKeyRequestScope[]>(SCOPES);
  const [life, setLife] = useState<Life>('year');
  const [isTried, setTried] = useState(false);
  const isId = id === '' || ID.test(id);
  const submit = () => {
    setTried(true);
    if (!isId || scopes.length === 0) return;
    const days = DAYS[life];
    make.mutate({
      body: {
        role,
        ...(id !== '' && { id }),
        ...(person !== '' && { person }),
        ...(scopes.length < SCOPES.length && { scopes }),
        ...(days !== undefined && { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() }),
      },
    });
  };
  if (make.data !== undefined) {
    return (
      <Dialog title={t('keys.madeTitle')} isOpen isFirm onClose={onClose}>
        <SecretOnce secret={make.data.key} help={t('keys.madeHelp')} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title={t('keys.make')} isOpen onClose={onClose}>
      <div className={styles.form}>
        <Select
          label={t('keys.role')}
          help={t('keys.roleHelp')}
          value={role}
          onChange={setRole}
          choices={ROLES.map((value) => ({ value, label: word(`roles.${value}`) }))}
        />
        <TextField
          label={t('keys.id')}
          help={t('keys.idHelp')}
          isMono
          value={id}
          onChange={setId}
          error={isTried && !isId ? t('keys.idWrong') : undefined}
        />
        <TextField label={t('keys.person')} help={t('keys.personHelp')} value={person} onChange={setPerson} />
        <fieldset className={styles.scopes}>
          <legend>{t('keys.scopes')}</legend>
          {SCOPES.map((scope) => (
            <Checkbox
              key={scope}
              isSelected={scopes.includes(scope)}
              onChange={(isChosen) =>
                setScopes((chosen) =>
                  SCOPES.filter((one) => (one === scope ? isChosen : chosen.includes(one))),
                )
              }
            >
              {t(`keys.scopeMeanings.${scope}`)}
            </Checkbox>
          ))}
          {isTried && scopes.length === 0 && <p role="alert">{t('keys.scopeNeeded')}</p>}
        </fieldset>
        <Choices
          label={t('keys.ends')}
          value={life}
          onChange={setLife}
          choices={(['month', 'year', 'never'] as const).map((value) => ({
            value,
            label: t(`keys.lives.${value}`),
          }))}
          isRow
        />
        {make.error !== null && <Failure error={make.error} isOfAction />}
        <DialogActions>
          <Button onPress={onClose}>{word('actions.cancel')}</Button>
          <Button tone="primary" isWorking={make.isPending} onPress={submit}>
            {t('keys.makeButton')}
          </Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
