// The files of a model: ONNX from this hospital's trainer, evidence from its gateway. The browser fetches them by their
// addresses, with the session's cookie.
import { ROUTES } from '@consilium/client/browser';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { EvidenceButton } from '../../components/evidence-button.tsx';
import { Section } from '../../components/page.tsx';
import type { ModelAnswer } from './ledger-types.ts';
import styles from './model.module.css';

/** A path of the API with the study's id in its one place. */
const pathOf = (path: string, studyId: string): string =>
  path.replace('{studyId}', encodeURIComponent(studyId));

export function Downloads({ model }: { readonly model: ModelAnswer }) {
  const { t } = useTranslation('model');
  const { studyId } = model;
  const mayFile = useMay('getModelFile');
  const mayProve = useMay('getEvidenceOfModel');
  const { data: study } = useApi('getStudy', { path: { studyId } });
  const local = study?.model.localParameters ?? [];
  const onnx = pathOf(ROUTES.getModelFile.path, studyId);
  if (!mayFile && !mayProve) return null;
  return (
    <Section title={t('download.title')} lead={t('download.lead')}>
      <ul className={styles.files}>
        {mayFile && (
          <>
            <File href={`${onnx}?local=false`} name={`${studyId}.onnx`} help={t('download.sharedHelp')}>
              {t('download.shared')}
            </File>
            {local.length > 0 && (
              <File
                href={onnx}
                name={`${studyId}-own.onnx`}
                help={t('download.ownHelp', { names: local.join(', ') })}
              >
                {t('download.own')}
              </File>
            )}
          </>
        )}
        {mayProve && (
          <li>
            <EvidenceButton subject={{ kind: 'model', studyId }} />
            <p className="small soft">{t('download.evidenceHelp')}</p>
          </li>
        )}
      </ul>
    </Section>
  );
}

function File(props: {
  readonly href: string;
  readonly name: string;
  readonly help: string;
  readonly children: ReactNode;
}) {
  return (
    <li>
      <a href={props.href} download={props.name}>
        {props.children}
      </a>
      <p className="small soft">{props.help}</p>
    </li>
  );
}
