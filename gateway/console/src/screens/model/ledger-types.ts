// Rows of the ledger that a model's screen is made of, by the answers that have them.
import type { Api } from '@consilium/client/browser';

type LineageAnswer = Api['getModelLineage']['answer'];
/** A published model, with the consents behind it that were withdrawn. */
export type ModelAnswer = Api['getModel']['answer'];
export type Dataset = LineageAnswer['datasets'][number];
export type Consent = LineageAnswer['consents'][number];
export type Round = LineageAnswer['rounds'][number]['round'];
/** What a dataset's columns mean. */
export type Dictionary = Dataset['dictionary'];
export type Feature = Dictionary['features'][number];
