// A plan to start from: of an earlier study, or of a file that is dropped, chosen or pasted. What was written before is
// not replaced without a word.
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'wouter';
import { gateway } from '../../api/client.ts';
import { useApiPages } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { IdField } from '../../components/id-field.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { Failure } from '../../components/query-state.tsx';
import styles from './proposal.module.css';
import { FILE_BYTES_MAX, planIn, planOfText, type ReadPlan } from './read-plan.ts';

/** A plan and where it is from: a study's title or a file's name, which are strangers' text. */
export interface FoundPlan {
  readonly plan: ReadPlan;
  readonly from: string;
}

interface StartProps {
  /** Whether something was written that is lost if a plan takes its place. */
  readonly isTouched: boolean;
  readonly onTake: (found: FoundPlan) => void;
}

export function StartFrom({ isTouched, onTake }: StartProps) {
  const { t } = useTranslation('proposal');
  const mayStudies = useMay('listStudies', 'getStudy');
  const [offered, offer] = useState<FoundPlan>();
  const [taken, setTaken] = useState<FoundPlan>();
  const [error, setError] = useState<Error | null>(null);
  const take = (found: FoundPlan) => {
    onTake(found);
    setTaken(found);
    offer(undefined);
  };
  // A plan may come while one writes.
  const isTouchedNow = useRef(isTouched);
  isTouchedNow.current = isTouched;
  const find = (found: FoundPlan) => (isTouchedNow.current ? offer(found) : take(found));
  const findStudy = async (studyId: string) => {
    setError(null);
    try {
      const study = await gateway.call('getStudy', { path: { studyId } });
      const plan = planIn(study);
      if (plan === undefined) return;
      // An id is one study's alone.
      const { studyId: _, ...texts } = plan.texts;
      find({ plan: { ...plan, texts: { ...texts, studyId: '' } }, from: study.title });
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    }
  };
  useStudyOfAddress(findStudy);
  return (
    <Section title={t('start.title')} lead={t('start.lead')}>
      <div className={styles.stack}>
        <div className={styles.starts}>
          {mayStudies && <EarlierStudy onFind={(studyId) => void findStudy(studyId)} />}
          <PlanFile onFind={find} />
        </div>
        {error !== null && <Failure error={error} isOfAction />}
        <div role="status" className={styles.status}>
          {taken !== undefined && <Taken found={taken} />}
        </div>
      </div>
      <Dialog title={t('start.replaceTitle')} isOpen={offered !== undefined} onClose={() => offer(undefined)}>
        <p>
          <bdi>{t('start.replaceText', { from: offered?.from ?? '' })}</bdi>
        </p>
        <DialogActions>
          <Button onPress={() => offer(undefined)}>{t('start.keep')}</Button>
          <Button tone="primary" onPress={() => offered && take(offered)}>
            {t('start.replace')}
          </Button>
        </DialogActions>
      </Dialog>
    </Section>
  );
}

/** `?like=heart`: the plan of that study, once. It fills in the form, asks before it replaces, and sends nothing. */
function useStudyOfAddress(onFind: (studyId: string) => Promise<void>): void {
  const [search, setSearch] = useSearchParams();
  const like = search.get('like');
  const find = useRef(onFind);
  find.current = onFind;
  const found = useRef<string>(undefined);
  useEffect(() => {
    if (like === null || found.current === like) return;
    found.current = like;
    setSearch({}, { replace: true });
    if (/^[a-z0-9-]{1,63}$/.test(like)) void find.current(like);
  }, [like, setSearch]);
}

function EarlierStudy({ onFind }: { readonly onFind: (studyId: string) => void }) {
  const { t } = useTranslation('proposal');
  const [studyId, setStudyId] = useState('');
  const studies = useApiPages('listStudies', { query: { limit: 100 } });
  const items = (studies.data ?? []).map(({ studyId: id, title }) => ({ id, title }));
  return (
    <div className={styles.fields}>
      <IdField
        label={t('start.study')}
        help={t('start.studyHelp')}
        value={studyId}
        onChange={setStudyId}
        items={items}
      />
      <div>
        <Button isDisabled={studyId === ''} onPress={() => onFind(studyId)}>
          {t('start.take')}
        </Button>
      </div>
    </div>
  );
}

function PlanFile({ onFind }: { readonly onFind: (found: FoundPlan) => void }) {
  const { t } = useTranslation('proposal');
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string>();
  const read = (written: string, from: string) => {
    const plan = planOfText(written);
    const isEmpty =
      plan !== undefined &&
      Object.keys(plan.texts).length + Object.keys(plan.rest).length === 0 &&
      plan.datasets === undefined;
    setWrong(plan === undefined ? t('start.fileWrong') : isEmpty ? t('start.fileEmpty') : undefined);
    if (plan === undefined || isEmpty) return;
    setText('');
    onFind({ plan, from });
  };
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > FILE_BYTES_MAX) setWrong(t('start.fileLarge'));
    else read(await file.text(), file.name);
  };
  return (
    <div className={styles.fields}>
      <FileDrop
        label={t('start.file')}
        title={t('start.drop')}
        choose={t('start.choose')}
        help={t('start.fileHelp')}
        error={wrong}
        accept=".json,application/json"
        onChoose={(file) => void choose(file).catch(() => setWrong(t('start.fileWrong')))}
      />
      <details className={styles.more}>
        <summary>{t('start.paste')}</summary>
        <div className={styles.fields}>
          <TextField
            label={t('start.pasted')}
            value={text}
            onChange={setText}
            lines={6}
            isMono
            spellCheck="false"
            autoComplete="off"
            maxLength={FILE_BYTES_MAX}
          />
          <div>
            <Button isDisabled={text.trim() === ''} onPress={() => read(text, t('start.pasted'))}>
              {t('start.pastedTake')}
            </Button>
          </div>
        </div>
      </details>
    </div>
  );
}

function Taken({ found: { plan, from } }: { readonly found: FoundPlan }) {
  const { t } = useTranslation('proposal');
  return (
    <Notice
      tone={plan.notTaken.length > 0 ? 'warning' : 'good'}
      title={<bdi>{t('start.taken', { from })}</bdi>}
    >
      <p>{t('start.takenText')}</p>
      {plan.notTaken.length > 0 && (
        <>
          <p>{t('start.notTaken')}</p>
          <ul className={styles.names}>
            {plan.notTaken.map((name) => (
              <li key={name} className="mono">
                <bdi>{name}</bdi>
              </li>
            ))}
          </ul>
        </>
      )}
    </Notice>
  );
}
