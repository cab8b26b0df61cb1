// Predictions for held-out patients, each hospital asking its own gateway about its own patients, and their
// quality. Only the demo may look at these numbers.
import { LOCAL_ROUTES, localTarget } from '@consilium/domain';
import { labelOf, readRows } from './data-files.ts';
import { each, type Site } from './enrolment.ts';
import { type Metrics, metricsOf, type Prediction } from './metrics.ts';
import { findOfferedModel } from './offered-model.ts';
import type { FileDictionary } from './study-plan.ts';

export interface Evaluation {
  readonly byHospital: ReadonlyMap<string, Metrics>;
  readonly pooled: Metrics;
}

/** A request's body has a limit, and a row may have 500 columns. */
const ROWS_PER_REQUEST = 100;

interface HeldOut {
  readonly site: Site;
  readonly rows: readonly (readonly string[])[];
}

/** Which rows of each file are held out, as the hospital's own trainer says. Rows are numbered from 1. */
export const heldOutRows = (sites: readonly Site[]): Promise<HeldOut[]> =>
  each(sites, async (site) => {
    const { datasetId, file } = site.hospital;
    const path = localTarget(LOCAL_ROUTES.getHeldOutPatients, { params: { datasetId }, query: {} });
    const { rows: numbers } = await site.client.get<{ rows: number[] }>(path, 'steward');
    const all = readRows(file);
    const rows = numbers.map((number) => {
      const row = all[number - 1];
      if (row === undefined) throw new Error(`${datasetId} has no row ${number}`);
      return row;
    });
    return { site, rows };
  });

/**
 * Asks for predictions with the study's graph as proposed ('initial') or its published model ('final').
 *
 * @throws RetiredModelError where the ledger offers that model no more
 */
export async function evaluateModel(
  heldOut: readonly HeldOut[],
  {
    studyId,
    round,
    dictionary,
  }: {
    readonly studyId: string;
    readonly round: 'initial' | 'final';
    readonly dictionary: FileDictionary;
  },
): Promise<Evaluation> {
  const { columns, features } = dictionary;
  const places = features.map(({ name, column = name }) => [name, columns.indexOf(column)] as const);
  const predictions = await each(heldOut, async ({ site, rows }): Promise<Prediction[]> => {
    if (round === 'final') await findOfferedModel(site.client, studyId);
    const probabilities: number[] = [];
    for (let from = 0; from < rows.length; from += ROWS_PER_REQUEST) {
      const some = rows.slice(from, from + ROWS_PER_REQUEST);
      const answer = await site.client.post<{ probabilities: number[] }>(
        LOCAL_ROUTES.predict.path,
        'steward',
        {
          studyId,
          round,
          datasetId: site.hospital.datasetId,
          rows: some.map((row) => Object.fromEntries(places.map(([name, place]) => [name, row[place]]))),
        },
      );
      probabilities.push(...answer.probabilities);
    }
    if (probabilities.length !== rows.length) {
      throw new Error(`${rows.length} patients were sent and ${probabilities.length} predictions came back`);
    }
    return rows.map((row, index) => ({
      probability: probabilities[index]!,
      label: labelOf(row, dictionary),
    }));
  });
  const byHospital = heldOut.map(
    ({ site }, index) => [site.hospital.datasetId, metricsOf(predictions[index]!)] as const,
  );
  return { byHospital: new Map(byHospital), pooled: metricsOf(predictions.flat()) };
}
