// The lineage as a nested list: the same things as in the graph, for those who read line by line, and for phones.
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon.tsx';
import styles from './lineage.module.css';
import {
  fateOf,
  type LineageFacts,
  type LineageNode,
  nodeId,
  ROUNDS_ALONE,
  runsOf,
} from './lineage-graph.ts';
import type { NodeWords } from './lineage-words.ts';

interface ListProps {
  readonly facts: LineageFacts;
  readonly sayNode: (node: LineageNode) => NodeWords;
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  /** Ids of groups and rounds that are open, in the graph as in the list. */
  readonly open: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
}

export function LineageList(props: ListProps) {
  const { t } = useTranslation('model');
  const { facts } = props;
  const rounds = facts.rounds.toSorted((a, b) => a.round - b.round);
  const runs = runsOf(rounds);
  const model: LineageNode = { kind: 'model', id: nodeId.model, model: facts.model };
  return (
    <nav aria-label={t('lineage.listLabel')}>
      <ul className={styles.tree}>
        <Item {...props} node={model} isOpen>
          {rounds.length <= ROUNDS_ALONE
            ? rounds.map((round) => <RoundItem key={round.round} {...props} round={round} />)
            : runs.map((run) => {
                const [first, last] = [run[0]!.round, run.at(-1)!.round];
                const id = nodeId.rounds(first);
                const isOpen = props.open.has(id);
                const node: LineageNode = { kind: 'rounds', id, first, last, rounds: run, isOpen };
                return (
                  <Item key={id} {...props} node={node} isOpen={isOpen} onUnfold={() => props.onToggle(id)}>
                    {run.map((round) => (
                      <RoundItem key={round.round} {...props} round={round} />
                    ))}
                  </Item>
                );
              })}
        </Item>
      </ul>
    </nav>
  );
}

type Round = LineageFacts['rounds'][number];

function RoundItem(props: ListProps & { readonly round: Round }) {
  const { round, facts, open, onToggle } = props;
  const id = nodeId.round(round.round);
  const isOpen = open.has(id);
  const node: LineageNode = { kind: 'round', id, round, isOpen };
  const consented = new Set(facts.consents.map(({ datasetId }) => datasetId));
  return (
    <Item {...props} node={node} isOpen={isOpen} onUnfold={() => onToggle(id)}>
      {round.participants
        .filter(({ datasetId }) => consented.has(datasetId))
        .map(({ datasetId, mspId }) => (
          <UpdateItem
            key={datasetId}
            {...props}
            node={{
              kind: 'update',
              id: nodeId.update(round.round, datasetId),
              round,
              datasetId,
              owner: mspId,
              fate: fateOf(round, datasetId),
            }}
          />
        ))}
    </Item>
  );
}

function UpdateItem(props: ListProps & { readonly node: Extract<LineageNode, { kind: 'update' }> }) {
  const { node, facts } = props;
  const [isOpen, setOpen] = useState(false);
  const consent = facts.consents.find(({ datasetId }) => datasetId === node.datasetId);
  const dataset = facts.datasets.find(({ datasetId }) => datasetId === node.datasetId);
  return (
    <Item {...props} node={node} isOpen={isOpen} onUnfold={() => setOpen(!isOpen)}>
      {consent !== undefined && (
        <Item {...props} node={{ kind: 'consent', id: nodeId.consent(node.datasetId), consent }} isOpen>
          {dataset !== undefined && (
            <Item {...props} node={{ kind: 'dataset', id: nodeId.dataset(node.datasetId), dataset }} />
          )}
        </Item>
      )}
    </Item>
  );
}

function Item({
  node,
  sayNode,
  selected,
  onSelect,
  isOpen = false,
  onUnfold,
  children,
}: Pick<ListProps, 'sayNode' | 'selected' | 'onSelect'> & {
  readonly node: LineageNode;
  readonly isOpen?: boolean;
  readonly onUnfold?: () => void;
  readonly children?: ReactNode;
}) {
  const { t } = useTranslation('model');
  const { name, note } = sayNode(node);
  return (
    <li>
      <div className={styles.item}>
        {onUnfold === undefined ? (
          <span className={styles.leaf} />
        ) : (
          <button
            type="button"
            className={styles.unfold}
            aria-expanded={isOpen}
            aria-label={t(isOpen ? 'lineage.collapse' : 'lineage.expand', { name })}
            onClick={onUnfold}
          >
            <Icon name={isOpen ? 'down' : 'right'} />
          </button>
        )}
        <button
          type="button"
          className={styles.entry}
          aria-current={node.id === selected ? 'true' : undefined}
          onClick={() => onSelect(node.id)}
        >
          <bdi className={styles.name}>{name}</bdi>
          <bdi className={styles.note}>{note}</bdi>
        </button>
      </div>
      {isOpen && children !== undefined && <ul>{children}</ul>}
    </li>
  );
}
