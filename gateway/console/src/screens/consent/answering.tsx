// A steward's answer: which patients, at what cost, and then consent, approval or refusal, each confirmed in words.
// What is sent is what was read: the digest of the text that is shown, its cost, and the blocks that are ticked.
import {
  type ConsentQuote,
  type Dataset,
  DECLINE_CODES,
  type Decline,
  type StudyAnswer,
  studyDigest,
} from '@consilium/domain';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApiAction } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { Select } from '../../components/fields.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { QueryState } from '../../components/query-state.tsx';
import { useNow } from '../../components/time.tsx';
import { useToast } from '../../components/toasts.tsx';
import { sha256Of } from '../../format/digest.ts';
import { formatDelta, formatEpsilon } from '../../format/privacy.ts';
import { ReasonDialog } from '../study/reason-dialog.tsx';
import styles from './consent.module.css';
import { useQuote } from './consent-queries.ts';
import { decisionOf, type Hindrance, termsProblems } from './decision.ts';
import { Blocks, Cost } from './quote.tsx';

interface AnsweringProps {
  readonly study: StudyAnswer;
  readonly dataset: Dataset;
  readonly decline: Decline | undefined;
}

/** Which blocks are ticked, and the cost of them. */
export function useAnswer(studyId: string, datasetId: string) {
  const [chosen, choose] = useState<readonly number[]>();
  const query = useQuote(studyId, datasetId, chosen);
  const { data } = query;
  const blocks = chosen ?? data?.blocks.filter(({ asked }) => asked).map(({ block }) => block) ?? [];
  return { query, quote: data && withBlocks(data, blocks), choose };
}

interface AnswerProps extends AnsweringProps {
  readonly answer: ReturnType<typeof useAnswer>;
}

/** Which patients, where there is something to choose. */
export function AnswerBlocks({ answer: { quote, choose } }: Pick<AnswerProps, 'answer'>) {
  return quote === undefined ? null : <Blocks quote={quote} onChange={choose} />;
}

/** The cost, and what the steward says to it. */
export function Answering({ study, dataset, decline, answer: { query, quote } }: AnswerProps) {
  return (
    <QueryState query={query} isEmpty={() => false} lines={5}>
      {(found) => (
        <>
          <Cost dataset={dataset} quote={quote ?? found} />
          <Decision
            study={study}
            dataset={dataset}
            decline={decline}
            quote={quote ?? found}
            isRenewed={!query.isPlaceholderData}
          />
        </>
      )}
    </QueryState>
  );
}

/** The ticks are shown at once; the cost of them follows. */
const withBlocks = (quote: ConsentQuote, blocks: readonly number[]): ConsentQuote => ({
  ...quote,
  blocks: quote.blocks.map((one) => ({ ...one, asked: blocks.includes(one.block) })),
});

interface DecisionProps extends AnsweringProps {
  readonly quote: ConsentQuote;
  /** Whether the cost is of the blocks that are ticked. */
  readonly isRenewed: boolean;
}

function Decision({ study, dataset, decline, quote, isRenewed }: DecisionProps) {
  const { t } = useTranslation('consent');
  const say = useToast();
  const { person } = useSession();
  const nowMs = useNow();
  const [grant, approve] = [useApiAction('grantConsent'), useApiAction('approveConsent')];
  const [mayGrant, mayApprove, mayDecline] = [
    useMay('grantConsent'),
    useMay('approveConsent'),
    useMay('declineStudy'),
  ];
  const { studyId } = study;
  const { datasetId, privacyBudget } = dataset;
  const shown = useMemo(() => studyDigest(study, sha256Of), [study]);
  // An amendment replaces the text on the page, also behind a dialog: what was not there when the page was opened is
  // consented to by nobody who has not said that it was read.
  const [read, setRead] = useState(shown);
  const problems = termsProblems(dataset, study, nowMs);
  const { kind, hindrances, needed, approved } = decisionOf({ study, quote, person, problems });
  // The cost may be of a text that came after the one on the page, or of other blocks: neither is agreed to unread.
  const isSame = shown === quote.studySha256 && isRenewed;
  const blocks = quote.blocks.filter(({ asked }) => asked).map(({ block }) => block);
  const answered = { studySha256: shown, blocks };
  const { claimedEpsilon, patients } = quote;
  const names = { study: study.title, dataset: dataset.title };
  const isDeclined = decline?.studyVersion === (study.version ?? 1);
  const isHindered = hindrances.length > 0;
  if (!mayGrant && !mayApprove && !mayDecline) return null;
  const send = async () => {
    if (kind === 'grant') {
      await grant.mutateAsync({ path: { studyId }, body: { datasetId, claimedEpsilon, ...answered } });
    } else await approve.mutateAsync({ path: { studyId, datasetId }, body: answered });
    say(t(kind === 'grant' ? 'decide.granted' : 'decide.approvedDone'), 'good');
  };
  return (
    <Section title={t('decide.title')}>
      <div className={styles.stack}>
        {needed > 1 && (
          <p>
            {t('decide.stewards', { count: needed })}{' '}
            <bdi>
              {approved.length === 0
                ? t('decide.approvedNobody')
                : t('decide.approved', { who: approved.join(', ') })}
            </bdi>
          </p>
        )}
        {isHindered && <Hindrances hindrances={hindrances} />}
        {read !== shown && (
          <Notice tone="warning" title={t('decide.stale')} isAlert>
            <Button isSmall onPress={() => setRead(shown)}>
              {t('decide.staleRead')}
            </Button>
          </Notice>
        )}
        <div className={styles.answers}>
          {(kind === 'grant' ? mayGrant : mayApprove) && !isHindered && read === shown && (
            <ConfirmButton
              label={t(`decide.${kind}`)}
              title={t(`decide.${kind}Title`)}
              tone="primary"
              isDisabled={!isSame}
              onConfirm={send}
            >
              <div className={styles.said}>
                <p>
                  <bdi>
                    {t(`decide.${kind}Text`, {
                      ...names,
                      low: patients.asked.low,
                      high: patients.asked.high,
                    })}
                  </bdi>
                </p>
                {kind === 'grant' ? (
                  <>
                    <p>
                      {t('decide.grantCost', {
                        training: formatEpsilon(claimedEpsilon.training),
                        heldOut: formatEpsilon(claimedEpsilon.heldOut),
                        delta: formatDelta(privacyBudget.delta),
                      })}
                    </p>
                    <p>{t('decide.grantAfter')}</p>
                  </>
                ) : (
                  <p>{t('decide.approveFirst', { count: needed - approved.length - 1 })}</p>
                )}
                <p className="small soft">{t('decide.retry')}</p>
              </div>
            </ConfirmButton>
          )}
          {mayDecline && !isDeclined && <DeclineButton study={study} dataset={dataset} />}
        </div>
        {!isSame && <p className="small soft">{t('decide.loadingText')}</p>}
      </div>
    </Section>
  );
}

function Hindrances({ hindrances }: { readonly hindrances: readonly Hindrance[] }) {
  const { t } = useTranslation('consent');
  return (
    <Notice tone="warning" title={t('decide.hindered')}>
      <ul className={styles.reasons}>
        {hindrances.map((name) => (
          <li key={name}>{t(`decide.hindrances.${name}`)}</li>
        ))}
      </ul>
    </Notice>
  );
}

type DeclineCode = (typeof DECLINE_CODES)[number];

function DeclineButton({ study, dataset }: { readonly study: StudyAnswer; readonly dataset: Dataset }) {
  const { t } = useTranslation('consent');
  const { t: ofStudy } = useTranslation('study');
  const say = useToast();
  const decline = useApiAction('declineStudy');
  const [code, setCode] = useState<DeclineCode | null>(null);
  const [problem, setProblem] = useState<string>();
  const check = () => {
    setProblem(code === null ? t('decide.codeEmpty') : undefined);
    return code !== null;
  };
  return (
    <ReasonDialog
      label={t('decide.decline')}
      title={t('decide.declineTitle')}
      checkFields={check}
      onConfirm={async (reason) => {
        const path = { studyId: study.studyId, datasetId: dataset.datasetId };
        await decline.mutateAsync({ path, body: { code: code!, reason } });
        say(t('decide.declined'), 'good');
      }}
      fields={
        <Select
          label={t('decide.code')}
          value={code}
          onChange={setCode}
          error={problem}
          isRequired
          choices={DECLINE_CODES.map((value) => ({ value, label: ofStudy(`consents.code.${value}`) }))}
        />
      }
    >
      <p>
        <bdi>{t('decide.declineText', { dataset: dataset.title })}</bdi>
      </p>
    </ReasonDialog>
  );
}
