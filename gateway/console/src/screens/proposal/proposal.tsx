// A study is proposed: written in a form that says its cost, read as every hospital will read it, and sent once.
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import { Button } from '../../components/button.tsx';
import { ConfirmButton } from '../../components/dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Failure, MayNot } from '../../components/query-state.tsx';
import { type Place, placeOf } from './check-draft.ts';
import { DatasetsField } from './datasets-field.tsx';
import { EMPTY_DRAFT } from './draft.ts';
import { AfterWithdrawalField, PurposeField, RuleFields, Typed } from './fields.tsx';
import { FormContext, type FormState, placeId } from './form-state.ts';
import { ModelField } from './model-field.tsx';
import { useProblemWords } from './problem-words.ts';
import styles from './proposal.module.css';
import { Quotes } from './quotes.tsx';
import { withPlan } from './read-plan.ts';
import { ReadStudy } from './read-study.tsx';
import { RestOfPlan } from './rest-of-plan.tsx';
import { StartFrom } from './start-from.tsx';
import { type Proposal, useProposal } from './use-proposal.ts';

export default function ProposalScreen() {
  const { t } = useTranslation('proposal');
  const { t: ofStudy } = useTranslation('study');
  const may = useMay('proposeStudy');
  const crumbs = [{ title: ofStudy('title'), to: '/studies' }];
  if (!may) {
    return (
      <Page title={t('title')} crumbs={crumbs}>
        <MayNot />
      </Page>
    );
  }
  return <ProposeOne crumbs={crumbs} />;
}

function ProposeOne({ crumbs }: { readonly crumbs: readonly { title: string; to: string }[] }) {
  const { t } = useTranslation('proposal');
  const proposal = useProposal();
  const { step, row, plan, wanted, isTouched, clear } = proposal;
  const isRead = step === 'read' && row !== undefined && plan !== undefined;
  return (
    <Page
      title={isRead ? t('read.title') : t('title')}
      crumbs={crumbs}
      lead={isRead ? t('read.lead') : t('lead')}
      {...(isTouched &&
        !isRead && {
          actions: (
            <ConfirmButton
              label={t('draft.clear')}
              title={t('draft.clearTitle')}
              tone="quiet"
              onConfirm={async () => clear()}
            >
              <p>{t('draft.clearText')}</p>
            </ConfirmButton>
          ),
        })}
    >
      <StepFocus step={step} />
      {isRead ? (
        <ReadStudy
          row={row}
          plan={plan}
          datasets={wanted}
          isSending={proposal.isSending}
          error={proposal.sendError}
          onBack={proposal.back}
          onSend={() => void proposal.send()}
        />
      ) : (
        <Form proposal={proposal} />
      )}
    </Page>
  );
}

/** From step to step the focus goes to the heading, as it does from screen to screen. */
function StepFocus({ step }: { readonly step: Proposal['step'] }) {
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [step]);
  return null;
}

function Form({ proposal }: { readonly proposal: Proposal }) {
  const { t } = useTranslation('proposal');
  const { draft, filled, change, problems, plan, wanted, isTouched } = proposal;
  const sayProblem = useProblemWords(filled);
  const wrong = useMemo(() => {
    const found = new Map<Place, string[]>();
    for (const problem of problems) {
      const place = placeOf(problem.field);
      const said = sayProblem(problem, place);
      const others = found.get(place) ?? [];
      if (!others.includes(said)) found.set(place, [...others, said]);
    }
    return found;
  }, [problems, sayProblem]);
  const form: FormState = {
    draft,
    filled,
    change,
    setText: (name, text) => change({ texts: { ...draft.texts, [name]: text } }),
    wrongAt: (place) => wrong.get(place)?.join(' '),
  };
  return (
    <FormContext value={form}>
      <StartFrom isTouched={isTouched} onTake={({ plan: taken }) => change(withPlan(EMPTY_DRAFT, taken))} />
      <Wrong proposal={proposal} wrong={wrong} />
      <div className={styles.columns}>
        <div className={styles.parts}>
          <Section title={t('question.title')}>
            <div className={styles.fields}>
              <Typed name="title" />
              <Typed name="studyId" />
              <Typed name="question" lines={4} />
              <PurposeField />
            </div>
          </Section>
          <Section title={t('datasets.title')} lead={t('datasets.lead')}>
            <DatasetsField />
          </Section>
          <Section title={t('model.title')} lead={t('model.lead')}>
            <ModelField error={proposal.buildError} />
          </Section>
          <Section title={t('rounds.title')} lead={t('rounds.lead')}>
            <div className={styles.pairs}>
              <Typed name="rounds" />
              <Typed name="training.stepsPerRound" />
              <Typed name="training.noiseMultiplier" />
              <Typed name="training.samplingRate" />
              <Typed name="validation.noiseMultiplier" />
              <Typed name="validation.minimum" />
              <Typed name="training.clipNormL2" />
              <Typed name="training.learningRate" />
            </div>
          </Section>
          <Section title={t('together.title')}>
            <div className={styles.fields}>
              <RuleFields />
              <div className={styles.pairs}>
                <Typed name="quorum.updates" />
                <Typed name="quorum.validators" />
              </div>
              <Typed name="roundDeadlineSeconds" />
              <AfterWithdrawalField />
            </div>
          </Section>
          <RestOfPlan />
        </div>
        <div className={styles.beside}>
          <Quotes plan={plan} datasets={wanted} />
        </div>
      </div>
      <Section title={t('read.go')} lead={t('draft.kept')}>
        <div className={styles.row}>
          <Button
            tone="primary"
            isWorking={proposal.isBuilding}
            isDisabled={proposal.isLoading}
            onPress={() => void proposal.read()}
          >
            {t('read.go')}
          </Button>
          <span className="small soft">{t('read.goHelp')}</span>
        </div>
      </Section>
    </FormContext>
  );
}

interface WrongProps {
  readonly proposal: Proposal;
  readonly wrong: ReadonlyMap<Place, readonly string[]>;
}

/** What is wrong, in one place that takes the focus, and leads to each field. */
function Wrong({ proposal: { tried, sendError }, wrong }: WrongProps) {
  const { t } = useTranslation('proposal');
  const place = useRef<HTMLElement>(null);
  const count = wrong.size;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that somebody tried to go on
  useEffect(() => {
    if (count > 0) place.current?.focus();
  }, [tried, sendError]);
  if (count === 0) return null;
  const goTo = (one: Place) =>
    document.getElementById(placeId(one))?.querySelector<HTMLElement>('input, textarea, button')?.focus();
  return (
    <section
      ref={place}
      tabIndex={-1}
      aria-label={t('problems.title', { count })}
      className={styles.problems}
    >
      {sendError !== null && <Failure error={sendError} isOfAction />}
      <Notice tone="bad" title={t('problems.title', { count })}>
        <ul className={styles.names}>
          {[...wrong].map(([one, texts]) => (
            <li key={one}>
              {one === 'form' ? (
                t('problems.form')
              ) : (
                <button type="button" className={styles.goTo} onClick={() => goTo(one)}>
                  <PlaceName place={one} />
                </button>
              )}
              : <bdi>{texts.join(' ')}</bdi>
            </li>
          ))}
        </ul>
      </Notice>
    </section>
  );
}

function PlaceName({ place }: { readonly place: Exclude<Place, 'form'> }) {
  const { t } = useTranslation('proposal');
  if (place === 'datasets') return t('datasets.label');
  if (place === 'model') return t('model.way');
  return t(`fields.${place}.label`);
}
