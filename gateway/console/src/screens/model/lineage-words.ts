// What the things of a lineage are called: in the graph, in the list and in what a screen reader says of them.
import { useTranslation } from 'react-i18next';
import { useDatasets, useHospitalTitle } from '../../components/names.tsx';
import { fateOf, type LineageFacts, type LineageNode } from './lineage-graph.ts';

/** A thing in words. */
export interface NodeWords {
  /** What kind of thing it is. */
  readonly kind: string;
  readonly name: string;
  /** What is most to be known of it. */
  readonly note: string;
  /** What is seen from where it is, for screen readers: its round, and whether it is open. */
  readonly beside: string;
}

/** Says what a thing is. Titles of hospitals and datasets are strangers' text: never more than text. */
export function useNodeWords({ datasets }: Pick<LineageFacts, 'datasets'>): (node: LineageNode) => NodeWords {
  const { t } = useTranslation('model');
  const known = useDatasets();
  const hospital = useHospitalTitle();
  const titles = new Map(datasets.map(({ datasetId, title }) => [datasetId, title]));
  const dataset = (datasetId: string) => titles.get(datasetId) ?? known.get(datasetId)?.title ?? datasetId;
  const wordsOf = (node: LineageNode): readonly [name: string, note: string] => {
    switch (node.kind) {
      case 'model':
        return [
          t('lineage.names.model', { round: node.model.round }),
          t('lineage.notes.model', { count: node.model.datasets.length }),
        ];
      case 'rounds':
        return [
          t('lineage.names.rounds', { first: node.first, last: node.last }),
          t('lineage.notes.rounds', {
            count: node.rounds.filter(({ state }) => state === 'finalized').length,
          }),
        ];
      case 'round': {
        const { round, state, participants } = node.round;
        const included = participants.filter(
          ({ datasetId }) => fateOf(node.round, datasetId) === 'included',
        ).length;
        const note =
          state === 'finalized'
            ? t('lineage.notes.round', { included, all: participants.length })
            : t(state === 'aborted' ? 'lineage.notes.roundAborted' : 'lineage.notes.roundOpen');
        return [t('lineage.names.round', { round }), note];
      }
      case 'update':
        return [
          t('lineage.names.update', { hospital: hospital(node.owner) }),
          t('lineage.notes.update', {
            fate: t(`lineage.fates.${node.fate}`),
            dataset: dataset(node.datasetId),
          }),
        ];
      case 'consent': {
        const { datasetId, owner, withdrawnAt } = node.consent;
        return [
          t('lineage.names.consent', { hospital: hospital(owner) }),
          t(withdrawnAt === undefined ? 'lineage.notes.consentGranted' : 'lineage.notes.consentWithdrawn', {
            dataset: dataset(datasetId),
          }),
        ];
      }
      case 'dataset':
        return [node.dataset.title, t('lineage.notes.dataset', { hospital: hospital(node.dataset.owner) })];
    }
  };
  return (node) => {
    const [name, note] = wordsOf(node);
    const kind = t(`lineage.kinds.${node.kind}`);
    const place = node.kind === 'update' ? [t('lineage.inRound', { round: node.round.round })] : [];
    const isOpen = node.isOpen === undefined ? [] : [t(node.isOpen ? 'lineage.open' : 'lineage.closed')];
    return { kind, name, note, beside: [...place, ...isOpen].join(', ') };
  };
}
