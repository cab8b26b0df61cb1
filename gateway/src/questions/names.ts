// What is called how: titles of hospitals, datasets, studies and populations, and the labels of codes, looked up
// once for each answer.
import { type Dataset, DUO_LABELS, type Member, type Population, type Study } from '@consilium/domain';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { quoted, readable } from './readable-text.ts';

export class Names {
  readonly #history: LedgerHistory;
  readonly #known = new Map<string, string | undefined>();

  constructor(history: LedgerHistory) {
    this.#history = history;
  }

  /** The title of an organisation; its MSP id where it never registered. */
  hospital(mspId: string): string {
    return this.#title(`member ${mspId}`, () => this.#history.row<Member>('member', [mspId])?.row) ?? mspId;
  }

  dataset(datasetId: string): string {
    return (
      this.#title(`dataset ${datasetId}`, () => this.#history.row<Dataset>('dataset', [datasetId])?.row) ??
      datasetId
    );
  }

  study(studyId: string): string {
    return (
      this.#title(`study ${studyId}`, () => this.#history.row<Study>('study', [studyId])?.row) ?? studyId
    );
  }

  /** Of a population that came with a dataset, from before there were rows of them, that of the dataset. */
  population(populationId: string): string {
    const title = this.#title(
      `population ${populationId}`,
      () => this.#history.row<Population>('population', [populationId])?.row,
    );
    return title ?? this.dataset(populationId);
  }

  /** For sentences: the title in quotes, with the id that is unique. */
  sayHospital = (mspId: string): string => said(this.hospital(mspId), mspId);
  sayDataset = (datasetId: string): string => said(this.dataset(datasetId), datasetId);
  sayStudy = (studyId: string): string => said(this.study(studyId), studyId);
  sayPopulation = (populationId: string): string => said(this.population(populationId), populationId);

  #title(key: string, read: () => { readonly title: string } | undefined): string | undefined {
    if (!this.#known.has(key)) this.#known.set(key, read()?.title);
    return this.#known.get(key);
  }
}

const said = (title: string, id: string): string =>
  title === id ? readable(id) : `${quoted(title)} (${readable(id)})`;

/** A purpose's code with the label of the Data Use Ontology. */
export const sayPurpose = (code: string): string => {
  const label = purposeLabel(code);
  return label === null ? readable(code) : `${label} (${code})`;
};

/** null for a code that this gateway does not know. */
export const purposeLabel = (code: string): string | null =>
  Object.hasOwn(DUO_LABELS, code) ? DUO_LABELS[code as keyof typeof DUO_LABELS] : null;
