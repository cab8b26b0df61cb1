// By whom each hospital's history of the ledger is witnessed, as its gateway keeps it on disk.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What gateways of other hospitals signed that they saw of one hospital's history. */
export interface WitnessedHistory {
  readonly organisation: string;
  readonly by: readonly { readonly mspId: string; readonly block: number }[];
}

/** Of the organisations that have a gateway in the directory. */
export const witnessedIn = (directory: string, organisations: readonly string[]): WitnessedHistory[] =>
  organisations.map((organisation) => ({
    organisation,
    by: statementsIn(join(directory, organisation, 'gateway/witnesses')),
  }));

function statementsIn(folder: string): { mspId: string; block: number }[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    if (!name.endsWith('.json')) return [];
    try {
      const { witnessed } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { witnessed: string };
      const { header } = JSON.parse(witnessed) as { header: { number: number } };
      return [{ mspId: name.slice(0, -'.json'.length), block: header.number }];
    } catch {
      // Nothing witnessed yet, or no file of a gateway.
      return [];
    }
  });
}

/** One line for each hospital. */
export const witnessedLines = (histories: readonly WitnessedHistory[]): string[] =>
  histories.map(({ organisation, by }) => {
    const each = by.map(({ mspId, block }) => `${mspId} to block ${block}`).join(', ');
    return `history of ${organisation}: ${each === '' ? 'witnessed by nobody yet' : `seen by ${each}`}`;
  });
