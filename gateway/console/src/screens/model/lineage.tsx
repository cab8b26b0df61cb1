// The lineage of a model: the graph or the list, and beside it the thing that is opened.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gateway } from '../../api/client.ts';
import { useApi } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Choices } from '../../components/fields.tsx';
import { QueryState } from '../../components/query-state.tsx';
import type { Consent, Dataset, ModelAnswer, Round } from './ledger-types.ts';
import styles from './lineage.module.css';
import { LineageCanvas } from './lineage-canvas.tsx';
import { LineageDetails } from './lineage-details.tsx';
import {
  type LineageFacts,
  lineageGraph,
  nodeId,
  nodeNamed,
  openAtFirst,
  ROUNDS_ALONE,
} from './lineage-graph.ts';
import { placeLineage } from './lineage-layout.ts';
import { LineageList } from './lineage-list.tsx';
import { useNodeWords } from './lineage-words.ts';

/** Every round of a study, without what was recorded in it. */
function useRounds(studyId: string) {
  return useQuery({
    queryKey: ['listRounds', { studyId }, { all: true }],
    queryFn: async ({ signal }) => {
      const rounds: Round[] = [];
      const request = { path: { studyId }, query: { limit: 100 }, signal };
      for await (const round of gateway.items('listRounds', request)) rounds.push(round);
      return rounds;
    },
  });
}

export function Lineage({ model }: { readonly model: ModelAnswer }) {
  const { studyId } = model;
  const head = useApi('getModelLineage', { path: { studyId }, query: { limit: 1 } });
  const rounds = useRounds(studyId);
  const query = {
    data: head.data && rounds.data ? { head: head.data, rounds: rounds.data } : undefined,
    error: head.error ?? rounds.error,
    isFetching: head.isFetching || rounds.isFetching,
    refetch: () => Promise.all([head.refetch(), rounds.refetch()]),
  };
  return (
    <QueryState query={query} lines={8}>
      {({ head: { datasets, consents }, rounds: all }) => (
        <LineageOf model={model} rounds={all} datasets={datasets} consents={consents} />
      )}
    </QueryState>
  );
}

type View = 'graph' | 'list';
const NARROW = '(max-width: 45rem)';

function LineageOf(given: {
  readonly model: ModelAnswer;
  readonly rounds: readonly Round[];
  readonly datasets: readonly Dataset[];
  readonly consents: readonly Consent[];
}) {
  const { t } = useTranslation('model');
  const { model, rounds, datasets, consents } = given;
  const facts = useMemo<LineageFacts>(
    () => ({ model, rounds, datasets, consents }),
    [model, rounds, datasets, consents],
  );
  const [view, setView] = useState<View>(() => (matchMedia(NARROW).matches ? 'list' : 'graph'));
  const [open, setOpen] = useState(() => openAtFirst(rounds));
  const [selected, setSelected] = useState<string>();
  const sayNode = useNodeWords(facts);
  const graph = useMemo(() => lineageGraph(facts, open), [facts, open]);
  const drawing = useMemo(() => placeLineage(graph), [graph]);
  const chosen = selected === undefined ? undefined : nodeNamed(facts, selected);
  const toggle = (id: string) =>
    setOpen((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const close = () => {
    const id = selected;
    setSelected(undefined);
    // Back to where one came from.
    requestAnimationFrame(() => {
      document.querySelector<HTMLElement>(`[data-node="${CSS.escape(id ?? '')}"]`)?.focus();
    });
  };
  const isFew = rounds.length <= ROUNDS_ALONE;
  const allOpen = isFew && rounds.every(({ round }) => open.has(nodeId.round(round)));
  const shared = { sayNode, selected, onSelect: setSelected, onToggle: toggle };
  return (
    <div className={`${styles.layout} ${chosen === undefined ? '' : styles.opened}`}>
      <div className={styles.main}>
        <div className={styles.bar}>
          <Choices<View>
            label={t('lineage.view')}
            isRow
            value={view}
            onChange={setView}
            choices={[
              { value: 'graph', label: t('lineage.graph') },
              { value: 'list', label: t('lineage.list') },
            ]}
          />
          {isFew && (
            <Button
              isSmall
              onPress={() =>
                setOpen(allOpen ? new Set() : new Set(rounds.map(({ round }) => nodeId.round(round))))
              }
            >
              {t(allOpen ? 'lineage.noRounds' : 'lineage.allRounds')}
            </Button>
          )}
        </div>
        {view === 'graph' ? (
          <LineageCanvas graph={graph} drawing={drawing} {...shared} />
        ) : (
          <LineageList facts={facts} open={open} {...shared} />
        )}
      </div>
      {chosen !== undefined && (
        <LineageDetails facts={facts} node={chosen} words={sayNode(chosen)} onClose={close} />
      )}
    </div>
  );
}
