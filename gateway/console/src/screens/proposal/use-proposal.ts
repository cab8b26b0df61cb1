// What the form does with what was written: fills in what follows, judges it by the ledger's rules, has the model
// built, and sends it once.
import { ProblemError } from '@consilium/client/browser';
import {
  AGGREGATION_RULES,
  canonicalJson,
  type Dataset,
  encodingOf,
  fewestUpdates,
  inputNames,
  type Problem,
  type ProposeStudy,
} from '@consilium/domain';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useApiAction } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { useToast } from '../../components/toasts.tsx';
import { type Checked, checkStudy, refusedBy } from './check-draft.ts';
import { useDatasetRows } from './dataset-accounts.ts';
import {
  type Draft,
  type DraftModel,
  type FieldTexts,
  hiddenOf,
  idOfTitle,
  majorityQuorum,
  namesIn,
  type StudyModel,
  studyOf,
} from './draft.ts';
import { useKeptDraft } from './kept-draft.ts';
import { costingOf } from './quotes.tsx';

/** The texts with what follows from others where a field is empty. */
export function fillIn({ texts }: Draft, wanted: readonly Dataset[]): FieldTexts {
  const rule = AGGREGATION_RULES.find((one) => one === texts['aggregation.rule']) ?? 'fedavg';
  const faulty = Number(texts['aggregation.faulty']);
  const isNumber = Number.isInteger(faulty) && faulty > 0;
  const fewest = fewestUpdates({ rule, ...(isNumber && { faulty }) });
  const quorum = majorityQuorum(wanted, fewest);
  const or = (text: string, other: string) => (text.trim() === '' ? other : text);
  return {
    ...texts,
    studyId: or(texts.studyId, idOfTitle(texts.title)),
    'quorum.updates': or(texts['quorum.updates'], String(quorum.updates)),
    'quorum.validators': or(texts['quorum.validators'], String(quorum.validators)),
  };
}

/** The list of before, as long as it has the same things: what is computed of it is then computed once. */
function useSame<T>(list: readonly T[]): readonly T[] {
  const last = useRef(list);
  const { current } = last;
  if (current.length !== list.length || list.some((one, at) => one !== current[at])) last.current = list;
  return last.current;
}

/** In the place of a model that is built when all else is sound: of the right width, so that no rule is about it. */
const standIn = (inputs: number): StudyModel => ({
  graph: { cid: `b${'a'.repeat(58)}`, sha256: '0'.repeat(64), sizeBytes: 1 },
  inputs,
  parameters: 1,
  localParameters: [],
});

/** What the trainer is asked, and what tells it from another request. */
interface ModelRequest {
  readonly of: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is asked of the trainer for the datasets; undefined where they or the fields do not say it. */
function modelRequestOf({ model }: Draft, first: Dataset | undefined): ModelRequest | undefined {
  if (first === undefined || model.way === 'given') return undefined;
  const { dictionary } = first;
  const { kind, activation, localIntercept, own } = model;
  const said = (about: object, body: object): ModelRequest => ({
    of: canonicalJson({ ...about, encoding: encodingOf(dictionary) }),
    body: { ...body, dictionary },
  });
  if (model.way === 'upload') {
    if (own === undefined) return undefined;
    const localParameters = namesIn(model.localParameters);
    // The file itself is too long to be compared with every key that is pressed.
    return said({ own: own.key, localParameters }, { kind: 'onnx', onnx: own.base64, localParameters });
  }
  const hidden = hiddenOf(model.hidden);
  const simple = { kind, localIntercept };
  if (kind === 'logistic-regression') return said(simple, simple);
  if (hidden === undefined) return undefined;
  const deep = { ...simple, hidden, activation };
  return said(deep, deep);
}

/** Why there is no model yet: a dataset that it would be of is missing, or what is said of it is no model. */
function ofModel(way: DraftModel['way'] | 'none', first: Dataset | undefined): readonly Problem[] {
  if (way === 'given' || way === 'none') return [{ field: 'model', text: 'is missing' }];
  return first === undefined ? [] : [{ field: 'model', text: way === 'upload' ? 'upload' : 'hidden' }];
}

/** A model that was built, and of what: another dictionary or another kind needs another. */
interface Built {
  readonly of: string;
  readonly model: StudyModel;
}

export type Step = 'write' | 'read';

export function useProposal() {
  const { t } = useTranslation('proposal');
  const { hospital } = useSession();
  const [, navigate] = useLocation();
  const say = useToast();
  const kept = useKeptDraft();
  const { draft } = kept;
  const [step, setStep] = useState<Step>('write');
  const [tried, setTried] = useState(0);
  const [refused, setRefused] = useState<readonly Problem[]>([]);
  const [built, setBuilt] = useState<Built>();
  const changes = useRef(0);
  const build = useApiAction('buildModelGraph');
  const propose = useApiAction('proposeStudy');

  const rows = useDatasetRows(draft.datasets);
  const wanted = useSame(rows.flatMap(({ row }) => row ?? []));
  const missing = rows.filter(({ row }) => row === null).map(({ datasetId }) => datasetId);
  const unread = rows.filter(({ error }) => error !== null);
  const isLoading = rows.some(({ row, error }) => row === undefined && error === null);
  const [first] = wanted;

  const filled = useMemo(() => fillIn(draft, wanted), [draft, wanted]);
  const mayBuild = useMay('buildModelGraph');
  const way = draft.model.way !== 'given' && !mayBuild ? 'none' : draft.model.way;
  const request = way === 'none' ? undefined : modelRequestOf(draft, first);
  const of = request?.of;
  const width = first && inputNames(encodingOf(first.dictionary).features).length;
  const ready = of !== undefined && built?.of === of ? built.model : undefined;
  const model = way === 'given' ? draft.model.given : ready;
  const judged = model ?? (request && width ? standIn(width) : undefined);
  const unit = first?.privacyBudget.unit ?? 'patient';

  const study = useMemo(
    () => studyOf({ ...draft, texts: filled }, { model: judged, unit }),
    [draft, filled, judged, unit],
  );
  const checked = useMemo(
    (): Checked => checkStudy(study, { requester: hospital.mspId, at: new Date().toISOString(), wanted }),
    [study, hospital.mspId, wanted],
  );
  const costing = canonicalJson(costingOf(study) ?? null);
  const plan = useMemo(() => JSON.parse(costing) as ReturnType<typeof costingOf> | null, [costing]);
  const own = [
    ...missing.map(
      (datasetId): Problem => ({ field: 'datasets', text: `: ${datasetId} is not on this ledger` }),
    ),
    ...unread.map(
      ({ datasetId }): Problem => ({
        field: 'datasets',
        text: `: could not be read: ${datasetId}; try again`,
      }),
    ),
    ...checked.problems.flatMap((one) => (one.field === 'model' ? ofModel(way, first) : [one])),
  ];
  const problems = tried > 0 ? [...own, ...refused] : refused;

  const change = (more: Partial<Draft>) => {
    changes.current += 1;
    setRefused([]);
    setStep('write');
    propose.reset();
    build.reset();
    kept.setDraft((now) => ({ ...now, ...more }));
  };

  /** Goes on to read the text, once all that can be judged is sound and the model is there. */
  const read = async () => {
    setTried((times) => times + 1);
    setRefused([]);
    for (const { readAgain } of unread) readAgain();
    if (own.length > 0 || isLoading) return;
    if (model === undefined && request !== undefined && of !== undefined) {
      const before = changes.current;
      try {
        const answer = await build.mutateAsync({ body: request.body });
        setBuilt({ of, model: answer as StudyModel });
        // Somebody who has gone on writing decides when to read it.
        if (changes.current !== before) return;
      } catch {
        // It is said at the field of the model.
        return;
      }
    }
    setStep('read');
  };

  const send = async () => {
    try {
      await propose.mutateAsync({ body: study as unknown as ProposeStudy });
    } catch (error) {
      // What was refused is put right in the form; where no answer came, the same is sent again from here.
      if (
        error instanceof ProblemError &&
        error.status >= 400 &&
        error.status < 500 &&
        error.status !== 401
      ) {
        setRefused(refusedBy(error.problem));
        setStep('write');
      }
      return;
    }
    say(t('read.sent'), 'good');
    kept.clear();
    navigate(`/studies/${filled.studyId}`);
  };

  const row = model === undefined ? undefined : checked.row;
  return {
    ...{ draft, filled, wanted, plan: plan ?? undefined, problems, tried, isLoading, change },
    step: row === undefined ? ('write' as const) : step,
    row,
    isTouched: kept.isTouched,
    clear: () => {
      setTried(0);
      setRefused([]);
      kept.clear();
    },
    ...{ read, send, back: () => setStep('write') },
    ...{ isBuilding: build.isPending, buildError: build.error },
    ...{ isSending: propose.isPending, sendError: propose.error },
  };
}
export type Proposal = ReturnType<typeof useProposal>;
