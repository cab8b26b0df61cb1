// What the hospital that proposed a study may do with it, and any hospital with a proposal that has grown old.
import { retirableAtMs, type StudyAnswer } from '@consilium/domain';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { useNow } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import { ReasonDialog } from './reason-dialog.tsx';

export function RequesterActions({ study }: { readonly study: StudyAnswer }) {
  const { t } = useTranslation('study');
  const say = useToast();
  const { hospital } = useSession();
  const nowMs = useNow();
  const [start, abort, retire] = [
    useApiAction('startStudy'),
    useApiAction('abortStudy'),
    useApiAction('retireStudy'),
  ];
  const [mayStart, mayAbort, mayRetire] = [useMay('startStudy'), useMay('abortStudy'), useMay('retireStudy')];
  const { studyId, state, quorumNow, quorum, rounds } = study;
  const isOwn = study.requester === hospital.mspId;
  const path = { studyId };
  const isOpen = state === 'running' || state === 'paused';
  const canStart = quorumNow?.isMet ?? false;
  const done = (text: string) => () => say(text, 'good');
  return (
    <>
      {state === 'proposed' && mayRetire && (isOwn || retirableAtMs(study) <= nowMs) && (
        <ReasonDialog
          label={t('actions.retire')}
          title={t('actions.retireTitle')}
          onConfirm={(reason) =>
            retire.mutateAsync({ path, body: { reason } }).then(done(t('actions.retired')))
          }
        >
          <p>{t('actions.retireText')}</p>
        </ReasonDialog>
      )}
      {isOpen && isOwn && mayAbort && (
        <ReasonDialog
          label={t('actions.abort')}
          title={t('actions.abortTitle')}
          tone="danger"
          onConfirm={(reason) =>
            abort.mutateAsync({ path, body: { reason } }).then(done(t('actions.aborted')))
          }
        >
          <p>{t('actions.abortText')}</p>
        </ReasonDialog>
      )}
      {state === 'proposed' && isOwn && mayStart && (
        <ConfirmButton
          label={t('actions.start')}
          title={t('actions.startTitle')}
          tone="primary"
          isDisabled={!canStart}
          onConfirm={() => start.mutateAsync({ path }).then(done(t('actions.started')))}
        >
          <p>
            {canStart
              ? t('actions.startText', { rounds })
              : t('actions.startFew', { now: quorumNow?.now.updates ?? 0, needed: quorum.updates })}
          </p>
        </ConfirmButton>
      )}
    </>
  );
}
