// Makes the file of evidence of what is on the screen, says what it shows of others, and offers to verify it here.
import type { OperationName } from '@consilium/client/browser';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { gateway } from '../api/client.ts';
import { handFile } from '../api/handed-file.ts';
import { useMay } from '../app/session.tsx';
import { formatBytes } from '../format/numbers.ts';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import styles from './evidence-button.module.css';
import { Failure } from './query-state.tsx';
import { saveFile } from './save-file.ts';

/** What the file is about. */
export type EvidenceSubject =
  | { readonly kind: 'study' | 'model'; readonly studyId: string }
  | { readonly kind: 'dataset'; readonly datasetId: string }
  | { readonly kind: 'transaction'; readonly transactionId: string };

const OPERATIONS = {
  study: 'getEvidenceOfStudy',
  model: 'getEvidenceOfModel',
  dataset: 'getEvidenceOfDataset',
  transaction: 'getEvidenceOfTransaction',
} as const satisfies Record<EvidenceSubject['kind'], OperationName>;

/** Names of studies that are said; of more their number. */
const NAMES_MAX = 5;

/** Studies beside its subject of which the file shows rows, as its first line says. */
function otherStudiesIn(text: string): readonly string[] {
  try {
    const { discloses } = JSON.parse(text.slice(0, text.indexOf('\n')));
    return Array.isArray(discloses?.otherStudies) ? discloses.otherStudies.map(String) : [];
  } catch {
    return [];
  }
}

function fileOf(subject: EvidenceSubject, text: string): File {
  const { kind, ...named } = subject;
  const [id = ''] = Object.values(named);
  return new File([text], `${id.slice(0, 63)}-${kind}-evidence.ndjson`, { type: 'application/x-ndjson' });
}

export function EvidenceButton({ subject }: { readonly subject: EvidenceSubject }) {
  const { t } = useTranslation('evidence');
  const operation = OPERATIONS[subject.kind];
  const may = useMay(operation);
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const made = useMutation({
    mutationFn: async () => {
      const { kind: _, ...path } = subject;
      const text: string = await gateway.call(operation, ...([{ path }] as unknown as [never]));
      return { file: fileOf(subject, text), text, others: otherStudiesIn(text) };
    },
  });
  if (!may) return null;
  const close = () => {
    setOpen(false);
    made.reset();
  };
  const { data } = made;
  const verify = (file: File) => {
    handFile(file);
    navigate('/verify');
  };
  return (
    <>
      <Button isSmall onPress={() => setOpen(true)}>
        {t(`button.${subject.kind}`)}
      </Button>
      <Dialog title={t('title')} isOpen={isOpen} onClose={close}>
        <div className={styles.text}>
          <p>{t(`what.${subject.kind}`)}</p>
          <p>{t('discloses')}</p>
          {made.error !== null && <Failure error={made.error} isOfAction />}
          {data !== undefined && (
            <div role="status" className={styles.made}>
              <p>
                <strong>{t('ready', { size: formatBytes(data.file.size) })}</strong>
              </p>
              <p>
                <bdi>
                  {data.others.length === 0
                    ? t('shownNothing')
                    : t('shownStudies', {
                        count: data.others.length,
                        names: data.others.slice(0, NAMES_MAX).join(', '),
                      })}
                </bdi>
              </p>
            </div>
          )}
        </div>
        <DialogActions>
          {data === undefined ? (
            <Button tone="primary" isWorking={made.isPending} onPress={() => made.mutate()}>
              {t('get')}
            </Button>
          ) : (
            <>
              <Button onPress={() => verify(data.file)}>{t('verify')}</Button>
              <Button
                tone="primary"
                onPress={() =>
                  saveFile({ name: data.file.name, type: 'application/x-ndjson', parts: [data.text] })
                }
              >
                {t('save')}
              </Button>
            </>
          )}
        </DialogActions>
      </Dialog>
    </>
  );
}
