// A vote for the removal of a member, or for the return of one that left.
import type { Member } from '@consilium/client/browser';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { Choices, TextField } from '../../components/fields.tsx';
import { Failure } from '../../components/query-state.tsx';
import { useToast } from '../../components/toasts.tsx';
import styles from './administration.module.css';

export function VoteOnMember({ member }: { readonly member: Member }) {
  const { t } = useTranslation('administration');
  const [isOpen, setOpen] = useState(false);
  const question = member.left === undefined ? 'removal' : 'return';
  return (
    <>
      <Button isSmall onPress={() => setOpen(true)}>
        {t(`members.voteOn.${question}`)}
        <span className="unseen">{member.title}</span>
      </Button>
      {isOpen && <VoteDialog member={member} question={question} onClose={() => setOpen(false)} />}
    </>
  );
}

interface VoteDialogProps {
  readonly member: Member;
  readonly question: 'removal' | 'return';
  readonly onClose: () => void;
}

function VoteDialog({ member, question, onClose }: VoteDialogProps) {
  const { t } = useTranslation('administration');
  const { t: word } = useTranslation();
  const say = useToast();
  const vote = useApiAction('voteOnMember');
  const [answer, setAnswer] = useState<'yes' | 'no'>('yes');
  const [reason, setReason] = useState('');
  const [isTried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (reason.trim() === '') return;
    const body = { question, accept: answer === 'yes', reason: reason.trim() };
    vote.mutate(
      { path: { mspId: member.mspId }, body },
      {
        onSuccess: () => {
          say(t('voted'), 'good');
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title={t(`members.dialog.${question}`, { title: member.title })} isOpen onClose={onClose}>
      <div className={styles.form}>
        <p className="soft">{t(`members.means.${question}`)}</p>
        <Choices
          label={t('members.yourVote')}
          value={answer}
          onChange={setAnswer}
          choices={[
            { value: 'yes', label: t('members.for') },
            { value: 'no', label: t('members.against') },
          ]}
          isRow
        />
        <TextField
          label={t('members.reason')}
          help={t('members.reasonHelp')}
          lines={3}
          maxLength={500}
          value={reason}
          onChange={setReason}
          error={isTried && reason.trim() === '' ? t('reasonNeeded') : undefined}
        />
        {vote.error !== null && <Failure error={vote.error} isOfAction />}
        <DialogActions>
          <Button onPress={onClose}>{word('actions.cancel')}</Button>
          <Button tone="primary" isWorking={vote.isPending} onPress={submit}>
            {t('vote')}
          </Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}
