// API keys: who may call this gateway, as which role, and when each key was last used.
import type { ListApiKeysAnswerItem } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { KeyActions } from './key-actions.tsx';
import { roleOf } from './key-role.ts';
import { MakeKey } from './make-key.tsx';
import { OfficePage } from './office-page.tsx';

export default function Keys() {
  const { t } = useTranslation('administration');
  const mayList = useMay('listApiKeys');
  return <OfficePage part="keys">{mayList && <KeyList title={t('keys.table')} />}</OfficePage>;
}

function KeyList({ title }: { readonly title: string }) {
  const { t } = useTranslation('administration');
  const keys = useApi('listApiKeys');
  const mayMake = useMay('createApiKey');
  const [isOpen, setOpen] = useState(false);
  const make = mayMake && keys.data?.madeOverRest === true && (
    <Button tone="primary" isSmall onPress={() => setOpen(true)}>
      {t('keys.make')}
    </Button>
  );
  return (
    <>
      {keys.data?.madeOverRest === false && (
        <Notice title={t('keys.notHere')}>
          <p>{t('keys.notHereDetail')}</p>
        </Notice>
      )}
      <Section title={title} actions={make}>
        <QueryState query={keys} isEmpty={({ items }) => items.length === 0}>
          {({ items, madeOverRest }) => <KeyTable keys={items} isRotated={madeOverRest} />}
        </QueryState>
      </Section>
      {isOpen && <MakeKey onClose={() => setOpen(false)} />}
    </>
  );
}

interface KeyTableProps {
  readonly keys: readonly ListApiKeysAnswerItem[];
  /** Whether keys are made and rotated here. */
  readonly isRotated: boolean;
}

function KeyTable({ keys, isRotated }: KeyTableProps) {
  const { t } = useTranslation('administration');
  const { t: word } = useTranslation();
  const { keyId } = useSession();
  const [mayRotate, mayRevoke] = [useMay('rotateApiKey'), useMay('revokeApiKey')];
  const columns: readonly Column<ListApiKeysAnswerItem>[] = [
    {
      id: 'id',
      header: t('keys.id'),
      isRowHeader: true,
      cell: ({ id }) => (
        <>
          <Code text={id} isCopied={false} />{' '}
          {id === keyId && <span className="soft">{t('keys.yours')}</span>}
        </>
      ),
      sortBy: ({ id }) => id,
    },
    {
      id: 'role',
      header: t('keys.role'),
      cell: ({ role, person }) => (
        <>
          {roleOf(role) === undefined ? role : word(`roles.${roleOf(role)!}`)}
          {person !== undefined && (
            <>
              , <bdi>{person}</bdi>
            </>
          )}
        </>
      ),
      sortBy: ({ role }) => role,
    },
    {
      id: 'scopes',
      header: t('keys.scopes'),
      cell: ({ scopes }) => (scopes === undefined ? t('keys.allScopes') : scopes.join(', ')),
    },
    {
      id: 'state',
      header: t('keys.state'),
      cell: ({ state }) => <StateBadge state={state === 'valid' ? 'valid' : 'expired'} />,
    },
    {
      id: 'used',
      header: t('keys.used'),
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('keys.never') : <Time at={lastUsedAt} />),
      sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
    },
    {
      id: 'ends',
      header: t('keys.ends'),
      cell: ({ expiresAt }) => (expiresAt === undefined ? t('keys.endless') : <Time at={expiresAt} />),
      sortBy: ({ expiresAt }) => expiresAt ?? '9999',
    },
    ...(mayRotate || mayRevoke
      ? [
          {
            id: 'actions',
            header: t('keys.actions'),
            cell: (key: ListApiKeysAnswerItem) => (
              <KeyActions apiKey={key} mayRotate={mayRotate && isRotated} mayRevoke={mayRevoke} />
            ),
          },
        ]
      : []),
  ];
  return (
    <Table caption={t('keys.table')} isCaptionUnseen columns={columns} rows={keys} rowKey={({ id }) => id} />
  );
}
