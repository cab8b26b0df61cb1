// What a model comes from, as nodes and edges: the model, its rounds, the updates of rounds that are open, and the
// consents and datasets behind them. Of many rounds, tens are one node until they are opened, and the updates of a
// round are nodes while it is open: a study of 100 rounds of 30 hospitals would have 3,000.
import type { Consent, Dataset, ModelAnswer, Round } from './ledger-types.ts';

/** What a node is of. */
export type NodeKind = 'model' | 'rounds' | 'round' | 'update' | 'consent' | 'dataset';

/** What became of an update: in the aggregate, left out of it, or never there. */
export type UpdateFate = 'included' | 'left-out' | 'withdrawn' | 'none';

interface NodeBase {
  readonly id: string;
  /** Whether what is within it is shown; undefined of a node that has nothing within. */
  readonly isOpen?: boolean;
}
/** A node, with what it is of. */
export type LineageNode = NodeBase &
  (
    | { readonly kind: 'model'; readonly model: ModelAnswer }
    | {
        readonly kind: 'rounds';
        readonly first: number;
        readonly last: number;
        readonly rounds: readonly Round[];
      }
    | { readonly kind: 'round'; readonly round: Round }
    | {
        readonly kind: 'update';
        readonly round: Round;
        readonly datasetId: string;
        readonly owner: string;
        readonly fate: UpdateFate;
      }
    | { readonly kind: 'consent'; readonly consent: Consent }
    | { readonly kind: 'dataset'; readonly dataset: Dataset }
  );

/** From a node to one that it comes from. */
export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  /** Whether nothing of it is in the model: of a round that was given up, or an update that was left out. */
  readonly isLost: boolean;
}

/** Nodes column by column, each in the order of the ledger, and edges between them. */
export interface LineageGraph {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

/** What a graph is made of. */
export interface LineageFacts {
  readonly model: ModelAnswer;
  readonly rounds: readonly Round[];
  readonly consents: readonly Consent[];
  readonly datasets: readonly Dataset[];
}

/** How many rounds are shown each by itself; more are grouped. */
export const ROUNDS_ALONE = 12;
const GROUPS_MOST = 10;

/** Runs of rounds that are one node: one run for each round where there are few. */
export function runsOf(rounds: readonly Round[]): (readonly Round[])[] {
  if (rounds.length <= ROUNDS_ALONE) return rounds.map((round) => [round]);
  const size = Math.max(10, Math.ceil(rounds.length / GROUPS_MOST / 10) * 10);
  return Array.from({ length: Math.ceil(rounds.length / size) }, (_, i) =>
    rounds.slice(i * size, (i + 1) * size),
  );
}

/** The ids of nodes. */
export const nodeId = {
  model: 'model',
  rounds: (first: number) => `rounds ${first}`,
  round: (round: number) => `round ${round}`,
  update: (round: number, datasetId: string) => `update ${round} ${datasetId}`,
  consent: (datasetId: string) => `consent ${datasetId}`,
  dataset: (datasetId: string) => `dataset ${datasetId}`,
};

/** What became of a participant's update in a round. */
export function fateOf(
  { included = [], withdrawn = [], updates = [] }: Round,
  datasetId: string,
): UpdateFate {
  if (included.includes(datasetId)) return 'included';
  if (withdrawn.includes(datasetId)) return 'withdrawn';
  return updates.includes(datasetId) ? 'left-out' : 'none';
}

/** The graph with what is open: ids of groups and of rounds. */
export function lineageGraph(facts: LineageFacts, open: ReadonlySet<string>): LineageGraph {
  const { model, consents, datasets } = facts;
  const rounds = [...facts.rounds].sort((a, b) => a.round - b.round);
  const nodes: LineageNode[] = [{ kind: 'model', id: nodeId.model, model }];
  const updates: LineageNode[] = [];
  const edges: LineageEdge[] = [];
  const consented = new Set(consents.map(({ datasetId }) => datasetId));
  const addRound = (round: Round): void => {
    const id = nodeId.round(round.round);
    const isOpen = open.has(id);
    const isLost = round.state !== 'finalized';
    nodes.push({ kind: 'round', id, round, isOpen });
    edges.push({ from: nodeId.model, to: id, isLost });
    for (const { datasetId, mspId } of round.participants) {
      if (!consented.has(datasetId)) continue;
      const fate = fateOf(round, datasetId);
      const isLeftOut = isLost || fate !== 'included';
      if (!isOpen) {
        edges.push({ from: id, to: nodeId.consent(datasetId), isLost: isLeftOut });
        continue;
      }
      const update = nodeId.update(round.round, datasetId);
      updates.push({ kind: 'update', id: update, round, datasetId, owner: mspId, fate });
      edges.push({ from: id, to: update, isLost: isLeftOut });
      edges.push({ from: update, to: nodeId.consent(datasetId), isLost: isLeftOut });
    }
  };
  for (const run of runsOf(rounds)) {
    const [first, last] = [run[0]!, run.at(-1)!];
    if (rounds.length <= ROUNDS_ALONE) {
      addRound(first);
      continue;
    }
    const id = nodeId.rounds(first.round);
    const isOpen = open.has(id);
    nodes.push({ kind: 'rounds', id, first: first.round, last: last.round, rounds: run, isOpen });
    edges.push({ from: nodeId.model, to: id, isLost: run.every(({ state }) => state !== 'finalized') });
    if (isOpen) {
      run.forEach(addRound);
      continue;
    }
    const taking = new Map<string, boolean>();
    for (const round of run) {
      for (const { datasetId } of round.participants) {
        const isIn = round.state === 'finalized' && fateOf(round, datasetId) === 'included';
        taking.set(datasetId, taking.get(datasetId) === true || isIn);
      }
    }
    for (const [datasetId, isIn] of taking) {
      if (consented.has(datasetId)) edges.push({ from: id, to: nodeId.consent(datasetId), isLost: !isIn });
    }
  }
  const known = new Map(datasets.map((dataset) => [dataset.datasetId, dataset]));
  const consentNodes: LineageNode[] = [];
  const datasetNodes: LineageNode[] = [];
  for (const consent of consents) {
    const { datasetId } = consent;
    consentNodes.push({ kind: 'consent', id: nodeId.consent(datasetId), consent });
    const dataset = known.get(datasetId);
    if (dataset === undefined) continue;
    datasetNodes.push({ kind: 'dataset', id: nodeId.dataset(datasetId), dataset });
    edges.push({ from: nodeId.consent(datasetId), to: nodeId.dataset(datasetId), isLost: false });
  }
  return { nodes: [...nodes, ...updates, ...consentNodes, ...datasetNodes], edges };
}

/** What is open at first: of few rounds the last one, so that one sees how a round is made. */
export function openAtFirst(rounds: readonly Round[]): ReadonlySet<string> {
  const last = rounds.findLast(({ state }) => state === 'finalized') ?? rounds.at(-1);
  if (last === undefined || rounds.length > ROUNDS_ALONE) return new Set();
  return new Set([nodeId.round(last.round)]);
}

/** A thing by its id, also one that no graph shows now: of a round that is closed. */
export function nodeNamed(facts: LineageFacts, id: string): LineageNode | undefined {
  const [kind = '', first = '', second = ''] = id.split(' ');
  const consent = facts.consents.find(({ datasetId }) => datasetId === (kind === 'update' ? second : first));
  const round = facts.rounds.find((one) => String(one.round) === first);
  switch (kind) {
    case 'model':
      return { kind, id, model: facts.model };
    case 'rounds': {
      const run = runsOf(facts.rounds.toSorted((a, b) => a.round - b.round)).find(
        ([one]) => String(one?.round) === first,
      );
      const [start, end] = [run?.[0], run?.at(-1)];
      if (run === undefined || start === undefined || end === undefined) return undefined;
      return { kind, id, first: start.round, last: end.round, rounds: run };
    }
    case 'round':
      return round && { kind, id, round };
    case 'update': {
      const taking = round?.participants.find(({ datasetId }) => datasetId === second);
      if (round === undefined || taking === undefined) return undefined;
      return { kind, id, round, datasetId: second, owner: taking.mspId, fate: fateOf(round, second) };
    }
    case 'consent':
      return consent && { kind, id, consent };
    case 'dataset': {
      const dataset = facts.datasets.find(({ datasetId }) => datasetId === first);
      return dataset && { kind, id, dataset };
    }
    default:
      return undefined;
  }
}
