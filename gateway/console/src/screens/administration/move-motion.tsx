// A new motion: to pause a study, to resume it, or to change what is left of its plan.
import type { Amendment, StudySummary } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { Choices, Select, TextField } from '../../components/fields.tsx';
import { Failure } from '../../components/query-state.tsx';
import { useToast } from '../../components/toasts.tsx';
import styles from './administration.module.css';

type Kind = 'pause' | 'resume' | 'amend';

const MINUTE_SECONDS = 60;

export interface MoveMotionProps {
  readonly studies: readonly StudySummary[];
  readonly onClose: () => void;
}

export function MoveMotion({ studies, onClose }: MoveMotionProps) {
  const { t } = useTranslation('administration');
  const { t: word } = useTranslation();
  const say = useToast();
  const move = useApiAction('moveMotion');
  const [studyId, setStudyId] = useState(studies[0]!.studyId);
  const study = studies.find((one) => one.studyId === studyId)!;
  const stop: Kind = study.state === 'paused' ? 'resume' : 'pause';
  const [chosen, setKind] = useState<Kind>(stop);
  const kind = chosen === 'amend' ? 'amend' : stop;
  const [rounds, setRounds] = useState('');
  const [minutes, setMinutes] = useState('');
  const [reason, setReason] = useState('');
  const [isTried, setTried] = useState(false);
  const amendment: Amendment = {
    ...(rounds !== '' && { rounds: Number(rounds) }),
    ...(minutes !== '' && { roundDeadlineSeconds: Number(minutes) * MINUTE_SECONDS }),
  };
  const isNumber = (text: string) => text === '' || /^[1-9]\d{0,5}$/.test(text);
  const isChange =
    kind !== 'amend' || (Object.keys(amendment).length > 0 && isNumber(rounds) && isNumber(minutes));
  const submit = () => {
    setTried(true);
    if (reason.trim() === '' || !isChange) return;
    move.mutate(
      { path: { studyId }, body: { kind, reason: reason.trim(), ...(kind === 'amend' && { amendment }) } },
      {
        onSuccess: () => {
          say(t('motions.moved'), 'good');
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title={t('motions.move')} isOpen onClose={onClose}>
      <div className={styles.form}>
        <Select
          label={t('motions.study')}
          value={studyId}
          onChange={setStudyId}
          choices={studies.map((one) => ({ value: one.studyId, label: one.title }))}
        />
        <Choices
          label={t('motions.what')}
          value={kind}
          onChange={setKind}
          choices={([stop, 'amend'] as const).map((value) => ({
            value,
            label: t(`motions.choose.${value}`),
            help: t(`motions.chooseHelp.${value}`),
          }))}
        />
        {kind === 'amend' && (
          <>
            <TextField
              label={t('motions.roundsField')}
              help={t('motions.roundsHelp', { rounds: study.rounds })}
              inputMode="numeric"
              value={rounds}
              onChange={setRounds}
              error={isTried && !isNumber(rounds) ? t('motions.numberNeeded') : undefined}
            />
            <TextField
              label={t('motions.deadlineField')}
              help={t('motions.deadlineHelp')}
              inputMode="numeric"
              value={minutes}
              onChange={setMinutes}
              error={isTried && !isNumber(minutes) ? t('motions.numberNeeded') : undefined}
            />
            {isTried && !isChange && isNumber(rounds) && isNumber(minutes) && (
              <p role="alert">{t('motions.changeNeeded')}</p>
            )}
          </>
        )}
        <TextField
          label={t('members.reason')}
          help={t('members.reasonHelp')}
          lines={3}
          maxLength={500}
          value={reason}
          onChange={setReason}
          error={isTried && reason.trim() === '' ? t('reasonNeeded') : undefined}
        />
        {move.error !== null && <Failure error={move.error} isOfAction />}
        <DialogActions>
          <Button onPress={onClose}>{word('actions.cancel')}</Button>
          <Button tone="primary" isWorking={move.isPending} onPress={submit}>
            {t('motions.moveButton')}
          </Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
