// Motions on a study: what each asks for, who voted how, the own vote, and new ones.
import type { Amendment, MotionRecord, StudyAnswer } from '@consilium/domain';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { Facts } from '../../components/figure.tsx';
import { HospitalName, useDatasets } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import { formatEpsilon } from '../../format/privacy.ts';
import { formatDuration } from '../../format/times.ts';
import { claimsOf } from './own-claims.ts';
import { ReasonDialog } from './reason-dialog.tsx';
import styles from './study.module.css';
import { useMotions, useRecord } from './study-queries.ts';

export function Motions({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const motions = useMotions(study.studyId);
  const isOpen = motions.data?.some(({ motion }) => motion.state === 'open') ?? true;
  return (
    <Section
      title={t('motions.title')}
      lead={t('motions.lead')}
      actions={isOpen ? undefined : <Moves study={study} />}
      isPlain={motions.data?.length === 0}
    >
      <QueryState query={motions} empty={<Empty title={t('motions.emptyTitle')}>{t('motions.empty')}</Empty>}>
        {(records) =>
          records.map((record) => <OneMotion key={record.motion.motion} study={study} record={record} />)
        }
      </QueryState>
    </Section>
  );
}

function OneMotion({ study, record }: { readonly study: StudyAnswer; readonly record: MotionRecord }) {
  const { t } = useTranslation('study');
  const { motion, votes } = record;
  const found = useRecord(study.studyId);
  const voters = new Set(
    found.data?.consents.filter(({ state }) => state === 'granted').map(({ owner }) => owner),
  ).size;
  const needed = motion.kind === 'amend' ? voters : Math.min(study.quorum.validators, voters);
  const whole = votes.filter(({ complete }) => complete);
  const [accepting, refusing] = [true, false].map((accept) => votes.filter((vote) => vote.accept === accept));
  const names = (of: MotionRecord['votes']) =>
    of.length === 0 ? (
      <span className="soft">{t('motions.nobody')}</span>
    ) : (
      <span className={styles.named}>
        {of.map(({ mspId, complete }) => (
          <span key={mspId}>
            <HospitalName mspId={mspId} />
            {!complete && <span className="soft"> · {t('motions.partly')}</span>}
          </span>
        ))}
      </span>
    );
  const count = (accept: boolean) => whole.filter((vote) => vote.accept === accept).length;
  return (
    <article className={styles.motion}>
      <div className={styles.motionHead}>
        <h3>
          {t('motions.number', { motion: motion.motion })}: {t(`motions.kinds.${motion.kind}`)}
        </h3>
        <StateBadge state={motion.state} />
        <span className="small soft">
          {t('motions.moved')} <HospitalName mspId={motion.movedBy} /> · <Time at={motion.movedAt} />
        </span>
      </div>
      <p className={styles.quoted}>
        <bdi>{motion.reason}</bdi>
      </p>
      <Facts
        facts={[
          ...(motion.amendment === undefined
            ? []
            : [
                [
                  t('motions.changes'),
                  <Changes key="changes" amendment={motion.amendment} study={study} />,
                ] as const,
              ]),
          ...(motion.state === 'open' && found.data !== undefined
            ? [
                [
                  t('motions.votes'),
                  t('motions.votesValue', { for: count(true), against: count(false), count: needed }),
                ] as const,
              ]
            : []),
          [t('motions.for'), names(accepting!)],
          [t('motions.against'), names(refusing!)],
        ]}
      />
      {motion.state === 'open' && <OwnVote study={study} record={record} />}
    </article>
  );
}

function Changes({ amendment, study }: { readonly amendment: Amendment; readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const { rounds, roundDeadlineSeconds, validationMinimum, quorum, addDatasets } = amendment;
  const changes = [
    rounds !== undefined && [t('motions.rounds'), study.rounds, rounds],
    roundDeadlineSeconds !== undefined && [
      t('plan.facts.deadline'),
      formatDuration(study.roundDeadlineSeconds),
      formatDuration(roundDeadlineSeconds),
    ],
    validationMinimum !== undefined && [t('motions.minimum'), study.validation.minimum, validationMinimum],
    quorum !== undefined && [
      t('plan.facts.quorum'),
      t('plan.facts.quorumValue', study.quorum),
      t('plan.facts.quorumValue', quorum),
    ],
    addDatasets !== undefined && [t('plan.facts.datasets'), '', `+ ${addDatasets.join(', ')}`],
  ].filter((change) => change !== false);
  return (
    <span className={styles.named}>
      {changes.map(([name, before, after]) => (
        <span key={name}>
          {name}: {before !== '' && <del>{before}</del>} <ins>{after}</ins>
        </span>
      ))}
    </span>
  );
}

/** The vote of this hospital, where it has one to give. */
function OwnVote({ study, record }: { readonly study: StudyAnswer; readonly record: MotionRecord }) {
  const { t } = useTranslation('study');
  const say = useToast();
  const { hospital, person } = useSession();
  const datasets = useDatasets();
  const may = useMay('castVote');
  const cast = useApiAction('castVote');
  const { data: found } = useRecord(study.studyId);
  const { motion, votes } = record;
  const isVoter = found?.consents.some(({ owner, state }) => owner === hospital.mspId && state === 'granted');
  const own = votes.find(({ mspId }) => mspId === hospital.mspId);
  const hasVoted = own?.complete === true || (person !== undefined && own?.stewards.includes(person));
  if (!may || !isVoter || found === undefined || hasVoted === true) return null;
  const { motion: number } = motion;
  const path = { studyId: study.studyId, motion: number };
  const claims = claimsOf(motion.amendment, { ...found, mspId: hospital.mspId });
  const vote = (accept: boolean) => async () => {
    const isClaimed = accept && claims.length > 0;
    await cast.mutateAsync({ path, body: { accept, ...(isClaimed && { claims }) } });
    say(t('motions.voted'), 'good');
  };
  return (
    <div className={styles.yourConsents}>
      <ConfirmButton
        label={t('motions.accept')}
        title={t('motions.acceptTitle', { motion: number })}
        tone="primary"
        onConfirm={vote(true)}
      >
        <p>{t('motions.acceptText')}</p>
        {claims.length > 0 && (
          <p>
            <bdi>
              {t('motions.acceptRounds', {
                rounds: (motion.amendment?.rounds ?? study.rounds) - study.rounds,
                claims: claims.map(sayClaim).join('; '),
              })}
            </bdi>
          </p>
        )}
      </ConfirmButton>
      <ConfirmButton
        label={t('motions.refuse')}
        title={t('motions.refuseTitle', { motion: number })}
        tone="plain"
        onConfirm={vote(false)}
      >
        <p>{t('motions.refuseText')}</p>
      </ConfirmButton>
    </div>
  );

  function sayClaim({ datasetId, claimedEpsilon }: (typeof claims)[number]): string {
    const title = datasets.get(datasetId)?.title ?? datasetId;
    const { training, heldOut } = claimedEpsilon;
    const both = t('costs.pair', { training: formatEpsilon(training), heldOut: formatEpsilon(heldOut) });
    return `${title}: ε ${both}`;
  }
}

/** What may be moved now. */
function Moves({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const say = useToast();
  const may = useMay('moveMotion');
  const move = useApiAction('moveMotion');
  const { hospital } = useSession();
  const { data: found } = useRecord(study.studyId);
  const isVoter = found?.consents.some(({ owner, state }) => owner === hospital.mspId && state === 'granted');
  const isOpen = study.state === 'running' || study.state === 'paused';
  if (!may || !isOpen || (isVoter !== true && study.requester !== hospital.mspId)) return null;
  const kind = study.state === 'running' ? 'pause' : 'resume';
  const send = async (body: {
    kind: 'pause' | 'resume' | 'amend';
    amendment?: Amendment;
    reason: string;
  }) => {
    await move.mutateAsync({ path: { studyId: study.studyId }, body });
    say(t('motions.movedDone'), 'good');
  };
  return (
    <>
      <ReasonDialog
        label={t(`motions.${kind}`)}
        title={t(`motions.${kind}Title`)}
        onConfirm={(reason) => send({ kind, reason })}
      >
        <p>{t(`motions.${kind}Text`)}</p>
      </ReasonDialog>
      <AmendDialog
        study={study}
        onConfirm={(reason, amendment) => send({ kind: 'amend', amendment, reason })}
      />
    </>
  );
}

/** An amendment as it is written; the ledger holds it to its rules and says what is wrong. */
function AmendDialog({
  study,
  onConfirm,
}: {
  readonly study: StudyAnswer;
  readonly onConfirm: (reason: string, amendment: Amendment) => Promise<void>;
}) {
  const { t } = useTranslation('study');
  const now = {
    rounds: String(study.rounds),
    deadline: String(study.roundDeadlineSeconds),
    minimum: study.validation.minimum,
  };
  const [values, setValues] = useState(now);
  const [problems, setProblems] = useState<Partial<typeof now>>({});
  const amendment: Amendment = {
    ...(values.rounds !== now.rounds && { rounds: Number(values.rounds) }),
    ...(values.deadline !== now.deadline && { roundDeadlineSeconds: Number(values.deadline) }),
    ...(values.minimum !== now.minimum && { validationMinimum: values.minimum.trim() }),
  };
  const check = (): boolean => {
    const isWhole = (text: string) => /^\d{1,7}$/.test(text.trim());
    const found = {
      ...((!isWhole(values.rounds) || Number(values.rounds) < study.rounds) && {
        rounds: t('motions.number_invalid', { least: study.rounds }),
      }),
      ...((!isWhole(values.deadline) || Number(values.deadline) < 10) && {
        deadline: t('motions.number_invalid', { least: 9 }),
      }),
      ...(Object.keys(amendment).length === 0 && { rounds: t('motions.nothing') }),
    };
    setProblems(found);
    return Object.keys(found).length === 0;
  };
  const field = (name: keyof typeof now, label: string, help?: string) => (
    <TextField
      key={name}
      label={label}
      {...(help !== undefined && { help })}
      value={values[name]}
      onChange={(value) => setValues({ ...values, [name]: value })}
      error={problems[name]}
    />
  );
  return (
    <ReasonDialog
      label={t('motions.amend')}
      title={t('motions.amendTitle')}
      checkFields={check}
      onConfirm={(reason) => onConfirm(reason, amendment)}
      fields={
        <>
          {field('rounds', t('motions.rounds'), t('motions.roundsHelp', { rounds: study.rounds }))}
          {field('deadline', t('motions.deadline'))}
          {field('minimum', t('motions.minimum'))}
        </>
      }
    >
      <p>{t('motions.amendText')}</p>
    </ReasonDialog>
  );
}
