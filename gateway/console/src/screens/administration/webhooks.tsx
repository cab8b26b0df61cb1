// Webhooks: which systems of the hospital are sent events, how that goes, and what could not be delivered.
import type { ListWebhooksAnswerItem } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { Facts } from '../../components/figure.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../format/numbers.ts';
import styles from './administration.module.css';
import { DeadLetters } from './dead-letters.tsx';
import { OfficePage } from './office-page.tsx';
import { RegisterWebhook } from './register-webhook.tsx';
import { WebhookActions } from './webhook-actions.tsx';

export default function Webhooks() {
  const { t } = useTranslation('administration');
  const webhooks = useApi('listWebhooks');
  const mayRegister = useMay('registerWebhook');
  const [isOpen, setOpen] = useState(false);
  const register = mayRegister && (
    <Button tone="primary" onPress={() => setOpen(true)}>
      {t('webhooks.register')}
    </Button>
  );
  return (
    <OfficePage part="webhooks" actions={register}>
      <Section title={t('webhooks.table')} isPlain>
        <QueryState
          query={webhooks}
          isEmpty={({ items }) => items.length === 0}
          empty={<Empty title={t('webhooks.none')}>{t('webhooks.noneDetail')}</Empty>}
        >
          {({ items }) => (
            <ul className={styles.list}>
              {items.map((webhook) => (
                <Webhook key={webhook.webhookId} webhook={webhook} />
              ))}
            </ul>
          )}
        </QueryState>
      </Section>
      {isOpen && <RegisterWebhook onClose={() => setOpen(false)} />}
    </OfficePage>
  );
}

function Webhook({ webhook }: { readonly webhook: ListWebhooksAnswerItem }) {
  const { t } = useTranslation('administration');
  const { webhookId, url, events, studyId, state, problem, position, deadLetters, nextAttemptAt } = webhook;
  const mayDeadLetters = useMay('listDeadLetters');
  const facts = [
    [t('webhooks.id'), <Code key="id" text={webhookId} />],
    [t('webhooks.events'), events === null ? t('webhooks.allEvents') : events.join(', ')],
    [t('webhooks.study'), studyId ?? t('webhooks.allStudies')],
    [t('webhooks.position'), t('webhooks.block', { block: formatCount(position.blockNumber) })],
    [t('webhooks.registered'), <Time key="at" at={webhook.createdAt} form="both" />],
    ...(webhook.oldSecretEndsAt === null
      ? []
      : [[t('webhooks.oldSecret'), <Time key="old" at={webhook.oldSecretEndsAt} form="both" />] as const]),
  ] as const;
  return (
    <li className={styles.card}>
      <div className={styles.cardHead}>
        <h3>
          <bdi>{url}</bdi>
        </h3>
        <StateBadge state={state} />
      </div>
      {problem !== null && (
        <Notice tone={state === 'retrying' ? 'warning' : 'bad'} title={problem}>
          {nextAttemptAt !== null && (
            <p>
              {t('webhooks.attempts', { count: webhook.failedAttempts })} <Time at={nextAttemptAt} />
            </p>
          )}
        </Notice>
      )}
      <Facts facts={facts} />
      {deadLetters > 0 && mayDeadLetters && <DeadLetters webhookId={webhookId} count={deadLetters} />}
      <WebhookActions webhook={webhook} />
    </li>
  );
}
