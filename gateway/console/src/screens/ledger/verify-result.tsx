// What a check found: proven, not proven, and not checked, each with its place.
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/button.tsx';
import { Code } from '../../components/copy.tsx';
import { Facts } from '../../components/figure.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { saveFile } from '../../components/save-file.ts';
import { Table } from '../../components/table.tsx';
import { formatCount } from '../../format/numbers.ts';
import type { CheckedFile, CheckResult, ShownProblem } from './check-file.ts';
import styles from './ledger.module.css';
import type { VerifierTask } from './verifier-worker.ts';

export interface VerifyResultProps {
  readonly result: CheckResult;
  /** What was checked, whatever the form says since. */
  readonly task: VerifierTask;
}

export function VerifyResult({ result, task }: VerifyResultProps) {
  const { t } = useTranslation('ledger');
  const isClaimChecked = result.kind === 'checked' && result.isClaimChecked;
  const notChecked = [
    ...(isClaimChecked ? [] : [t('verify.notCheckedAnswers')]),
    t('verify.notCheckedAggregates'),
  ];
  if (result.kind === 'unreadable') {
    return (
      <Notice tone="bad" title={t('verify.unreadableTitle')}>
        {t('verify.unreadable', { text: result.text })}
      </Notice>
    );
  }
  const { isProven, subject, problemCount } = result;
  return (
    <>
      {isProven ? (
        <Notice tone="good" title={t('verify.provenTitle')}>
          <bdi>{t('verify.provenText', { subject })}</bdi>
        </Notice>
      ) : (
        <Notice tone="bad" title={t('verify.failedTitle')}>
          {t('verify.failedText', { count: problemCount })}
        </Notice>
      )}
      {problemCount > 0 && <Problems result={result} />}
      {result.proven.length > 0 && <Sentences title={t('verify.isProven')} sentences={result.proven} />}
      {isProven && (
        <Sentences title={t('verify.notProven')} lead={t('verify.notProvenLead')} sentences={result.open} />
      )}
      <Sentences title={t('verify.notChecked')} sentences={notChecked} />
      <FileFacts result={result} task={task} />
    </>
  );
}

function Sentences({
  title,
  lead,
  sentences,
}: {
  readonly title: string;
  readonly lead?: string;
  readonly sentences: readonly string[];
}) {
  if (sentences.length === 0) return null;
  return (
    <Section title={title} {...(lead !== undefined && { lead })}>
      <ul className={styles.sentences}>
        {sentences.map((sentence, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: sentences have a fixed order and no other name
          <li key={at}>
            <bdi>{sentence}</bdi>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Problems({ result: { problems, problemCount } }: { readonly result: CheckedFile }) {
  const { t } = useTranslation('ledger');
  const left = problemCount - problems.length;
  const numbered = problems.map((problem, at) => ({ ...problem, at }));
  return (
    <Section title={t('verify.notHeld')}>
      <Table<ShownProblem & { readonly at: number }>
        caption={t('verify.notHeld')}
        isCaptionUnseen
        rows={numbered}
        rowKey={({ at }) => String(at)}
        columns={[
          {
            id: 'place',
            header: t('verify.place'),
            isRowHeader: true,
            cell: ({ place }) => <bdi>{place}</bdi>,
          },
          { id: 'text', header: t('verify.problem'), cell: ({ text }) => <bdi>{text}</bdi> },
        ]}
      />
      {left > 0 && <p className="small soft">{t('verify.moreProblems', { count: left })}</p>}
    </Section>
  );
}

function FileFacts({
  result,
  task: { genesis, file },
}: {
  readonly result: CheckedFile;
  readonly task: VerifierTask;
}) {
  const { t } = useTranslation('ledger');
  const { channel, height, lastHash, organisations, answeredBy, transactions, report } = result;
  const facts = [
    [t('verify.trust'), <Code key="g" text={genesis} length={16} />] as const,
    [t('verify.channel'), <bdi key="c">{channel}</bdi>] as const,
    ...(height === undefined ? [] : [[t('verify.height'), formatCount(height)] as const]),
    ...(lastHash === undefined
      ? []
      : [[t('verify.lastHash'), <Code key="l" text={lastHash} length={16} />] as const]),
    ...(organisations.length === 0 ? [] : [[t('verify.organisations'), organisations.join(', ')] as const]),
    ...(answeredBy.length === 0 ? [] : [[t('verify.answeredBy'), answeredBy.join(', ')] as const]),
  ];
  return (
    <Section
      title={t('verify.facts')}
      lead={t('verify.took', { transactions: formatCount(transactions) })}
      actions={
        <Button
          isSmall
          onPress={() =>
            saveFile({
              name: `${file.name.replace(/\.\w+$/, '')}-report.txt`,
              type: 'text/plain',
              parts: [report],
            })
          }
        >
          {t('verify.saveReport')}
        </Button>
      }
    >
      <Facts facts={facts} />
    </Section>
  );
}
