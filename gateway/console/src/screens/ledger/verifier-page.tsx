// The verifier, on a file of evidence, in this browser: also for those who are not signed in, and without a network.
import { useState } from 'react';
import { ProgressBar } from 'react-aria-components/ProgressBar';
import { useTranslation } from 'react-i18next';
import { takeHandedFile } from '../../api/handed-file.ts';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page, Section } from '../../components/page.tsx';
import { formatBytes, formatShare } from '../../format/numbers.ts';
import styles from './ledger.module.css';
import { type CheckState, useVerifier } from './use-verifier.ts';
import { VerifyResult } from './verify-result.tsx';

const DIGEST = /^[0-9a-f]{64}$/;
const CHAINCODE = 'consilium';

export interface VerifierPageProps {
  /** The gateway's own first block, where it may be asked for it. */
  readonly askGenesis?: (() => Promise<string>) | undefined;
}

export function VerifierPage({ askGenesis }: VerifierPageProps) {
  const { t } = useTranslation('ledger');
  const verifier = useVerifier();
  const [file, setFile] = useState(takeHandedFile);
  const [genesis, setGenesis] = useState('');
  const [source, setSource] = useState<'own' | 'gateway'>('own');
  const [chaincode, setChaincode] = useState(CHAINCODE);
  const [isTried, setTried] = useState(false);
  const digest = genesis.trim().toLowerCase();
  const isDigest = DIGEST.test(digest);
  const isChecking = verifier.state.phase === 'checking';
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined || isChecking) return;
    setFile(chosen);
    verifier.clear();
  };
  const start = () => {
    setTried(true);
    if (file === undefined || !isDigest) return;
    verifier.start({ file, genesis: digest, chaincode: chaincode.trim() || CHAINCODE });
  };
  const prefill = async () => {
    const found = await askGenesis?.();
    if (found === undefined) return;
    setGenesis(found);
    setSource('gateway');
  };
  const wrongDigest = isTried && !isDigest;
  return (
    <Page title={t('verify.title')} lead={t('verify.lead')}>
      <Notice title={t('verify.private')}>{t('verify.privateMore')}</Notice>
      <Section title={t('verify.file')}>
        <form
          className={styles.verifyForm}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            start();
          }}
        >
          <FileField file={file} onChoose={choose} isMissing={isTried && file === undefined} />
          <TextField
            label={t('verify.genesis')}
            help={t('verify.genesisHelp')}
            isMono
            isRequired
            autoComplete="off"
            spellCheck="false"
            value={genesis}
            onChange={(text) => {
              setGenesis(text);
              setSource('own');
            }}
            error={
              wrongDigest ? t(digest === '' ? 'verify.genesisMissing' : 'verify.genesisWrong') : undefined
            }
          />
          {askGenesis !== undefined && source === 'own' && (
            <div>
              <Button isSmall onPress={() => void prefill().catch(() => undefined)}>
                {t('verify.prefill')}
              </Button>
            </div>
          )}
          {source === 'gateway' && (
            <Notice tone="warning" title={t('verify.prefilledTitle')} isAlert>
              {t('verify.prefilled')}
            </Notice>
          )}
          <details className={styles.more}>
            <summary>{t('verify.more')}</summary>
            <TextField
              label={t('verify.chaincode')}
              help={t('verify.chaincodeHelp')}
              isMono
              value={chaincode}
              onChange={setChaincode}
            />
          </details>
          <div className={styles.row}>
            <Button type="submit" tone="primary" isDisabled={isChecking}>
              {t('verify.start')}
            </Button>
            {isChecking && <Button onPress={verifier.stop}>{t('verify.cancel')}</Button>}
          </div>
        </form>
      </Section>
      <Outcome state={verifier.state} />
    </Page>
  );
}

function FileField({
  file,
  onChoose,
  isMissing,
}: {
  readonly file: File | undefined;
  readonly onChoose: (file: File | undefined) => void;
  readonly isMissing: boolean;
}) {
  const { t } = useTranslation('ledger');
  return (
    <FileDrop
      label={t('verify.file')}
      title={
        file === undefined
          ? t('verify.drop')
          : t('verify.chosen', { name: file.name, size: formatBytes(file.size) })
      }
      choose={t(file === undefined ? 'verify.choose' : 'verify.chooseOther')}
      help={t('verify.fileHelp')}
      error={isMissing ? t('verify.fileMissing') : undefined}
      accept=".ndjson,.json,application/x-ndjson"
      onChoose={onChoose}
    />
  );
}

/** In a live region: what comes of a check is said when it is there. */
function Outcome({ state }: { readonly state: CheckState }) {
  const { t } = useTranslation('ledger');
  return (
    <div className={styles.outcome} role="status">
      {state.phase === 'checking' && <Progress {...state} />}
      {state.phase === 'stopped' && <Notice title={t('verify.cancelled')} />}
      {state.phase === 'broken' && (
        <Notice tone="bad" title={t('verify.brokenTitle')}>
          {t('verify.broken', { text: state.text })}
        </Notice>
      )}
      {state.phase === 'done' && <VerifyResult {...state} />}
    </div>
  );
}

function Progress({ bytes, total }: { readonly bytes: number; readonly total: number }) {
  const { t } = useTranslation('ledger');
  const share = total === 0 ? 0 : bytes / total;
  const said = t('verify.progress', { share: formatShare(share), size: formatBytes(total) });
  return (
    <ProgressBar
      className={styles.progress ?? ''}
      value={share * 100}
      aria-label={t('verify.checking')}
      valueLabel={said}
    >
      <span className={styles.progressText} aria-hidden="true">
        {said}
      </span>
      <span className={styles.track}>
        <span className={styles.bar} style={{ inlineSize: `${share * 100}%` }} />
      </span>
    </ProgressBar>
  );
}
