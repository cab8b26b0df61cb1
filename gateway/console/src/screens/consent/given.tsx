// A consent that was given, with its end: withdrawing and settling; and a refusal that is on record.
import { blocksOf, type Consent, type Decline, rangeOf, type StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Code } from '../../components/copy.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { Facts } from '../../components/figure.tsx';
import { Term } from '../../components/meaning.tsx';
import { Section } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import { Pair } from '../study/costs.tsx';
import { ReasonDialog } from '../study/reason-dialog.tsx';
import styles from './consent.module.css';
import { takesConsents } from './decision.ts';

interface GivenProps {
  readonly study: StudyAnswer;
  readonly consent: Consent;
  readonly isOwn: boolean;
}

export function GivenConsent({ study, consent, isOwn }: GivenProps) {
  const { t } = useTranslation('consent');
  const { low, high } = rangeOf(consent.blocks ?? []);
  const optional = (label: string, value: React.ReactNode | undefined) =>
    value === undefined ? [] : [[label, value] as const];
  return (
    <>
      <Section title={t('given.title')}>
        <Facts
          facts={[
            [t('given.at'), <Time key="at" at={consent.grantedAt} form="both" />],
            ...optional(
              t('given.stewards'),
              consent.stewards && <bdi className="mono">{consent.stewards.join(', ')}</bdi>,
            ),
            [t('given.version'), consent.studyVersion ?? 1],
            ...optional(t('given.revision'), consent.revision),
            ...optional(
              t('given.blocks'),
              consent.blocks && t('given.blocksValue', { blocks: blocksOf(consent).join(', '), low, high }),
            ),
            [
              <Term key="cost" meaning={t('given.costMeaning')}>
                {t('given.cost')}
              </Term>,
              <Pair key="cost" of={consent.claimedEpsilon} />,
            ],
            [t('given.rounds'), consent.rounds],
            ...optional(
              t('given.withdrawnAt'),
              consent.withdrawnAt && <Time at={consent.withdrawnAt} form="both" />,
            ),
            ...optional(
              t('given.settledAt'),
              consent.settledAt && <Time at={consent.settledAt} form="both" />,
            ),
            ...optional(t('given.reason'), consent.reason && <bdi>{consent.reason}</bdi>),
            ...optional(
              t('given.digest'),
              consent.studySha256 && <Code text={consent.studySha256} length={16} />,
            ),
          ]}
        />
      </Section>
      {isOwn && <Withdrawal study={study} consent={consent} />}
      {isOwn && <Settlement study={study} consent={consent} />}
    </>
  );
}

type OwnConsent = Omit<GivenProps, 'isOwn'>;

/** Whether the ledger takes a withdrawal now. */
const canWithdraw = ({ study, consent }: OwnConsent): boolean =>
  (consent.state === 'granted' && takesConsents(study)) ||
  (consent.state === 'settled' && study.state === 'completed' && consent.withdrawnAt === undefined);

function Withdrawal({ study, consent }: OwnConsent) {
  const { t } = useTranslation('consent');
  const say = useToast();
  const withdraw = useApiAction('withdrawConsent');
  const may = useMay('withdrawConsent');
  if (!may || !canWithdraw({ study, consent })) return null;
  const { studyId, datasetId } = consent;
  const follows = [
    ...(study.state === 'completed' ? [] : [t('withdraw.rounds')]),
    t('withdraw.erasure'),
    t('withdraw.spent'),
    t(study.afterWithdrawal === 'retired' ? 'withdraw.retired' : 'withdraw.kept'),
    t('withdraw.forever'),
  ];
  const list = (
    <ul className={styles.reasons}>
      {follows.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
  return (
    <Section title={t('withdraw.title')} lead={t('withdraw.lead')}>
      <div className={styles.stack}>
        <div>
          <h3>{t('withdraw.follows')}</h3>
          {list}
        </div>
        <div>
          <ReasonDialog
            label={t('withdraw.button')}
            title={t('withdraw.dialogTitle')}
            tone="danger"
            onConfirm={async (reason) => {
              await withdraw.mutateAsync({ path: { studyId, datasetId }, body: { reason } });
              say(t('withdraw.done'), 'good');
            }}
          >
            {list}
          </ReasonDialog>
        </div>
      </div>
    </Section>
  );
}

function Settlement({ study, consent }: OwnConsent) {
  const { t } = useTranslation('consent');
  const say = useToast();
  const settle = useApiAction('settleConsent');
  const may = useMay('settleConsent');
  const isOver = consent.state === 'withdrawn' || (consent.state === 'granted' && !takesConsents(study));
  if (!may || !isOver) return null;
  const { studyId, datasetId } = consent;
  return (
    <Section title={t('settle.title')} lead={t('settle.text')}>
      <ConfirmButton
        label={t('settle.button')}
        title={t('settle.title')}
        tone="plain"
        onConfirm={async () => {
          await settle.mutateAsync({ path: { studyId, datasetId } });
          say(t('settle.done'), 'good');
        }}
      >
        <p>{t('settle.text')}</p>
      </ConfirmButton>
    </Section>
  );
}

export function GivenRefusal({ decline }: { readonly decline: Decline }) {
  const { t } = useTranslation('consent');
  const { t: ofStudy } = useTranslation('study');
  return (
    <Section title={t('refusal.title')}>
      <Facts
        facts={[
          [t('refusal.at'), <Time key="at" at={decline.declinedAt} form="both" />],
          [
            t('refusal.by'),
            <bdi key="by" className="mono">
              {decline.steward}
            </bdi>,
          ],
          [t('refusal.version'), decline.studyVersion],
          [t('refusal.code'), ofStudy(`consents.code.${decline.code}`)],
          [t('refusal.reason'), <bdi key="reason">{decline.reason}</bdi>],
        ]}
      />
    </Section>
  );
}
