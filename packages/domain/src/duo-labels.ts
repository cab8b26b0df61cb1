// What the terms of the Data Use Ontology are called, so that no answer leaves a reader with a bare code.
// Source: GA4GH Data Use Ontology, http://purl.obolibrary.org/obo/duo.owl (rdfs:label of each term; Lawson et al. 2021,
// "The Data Use Ontology to streamline responsible access to human biomedical datasets").
import { Type } from 'typebox';
import { PURPOSES } from './dataset.ts';

type Purpose = (typeof PURPOSES)[number];

/** The label of each term that this ledger knows, as the ontology has it. */
export const DUO_LABELS: { readonly [P in Purpose]: string } = {
  'DUO:0000042': 'general research use',
  'DUO:0000006': 'health or medical or biomedical research',
  'DUO:0000007': 'disease specific research',
  'DUO:0000011': 'population origins or ancestry research only',
  'DUO:0000022': 'geographical restriction',
  'DUO:0000026': 'user specific restriction',
};

/** The labels that an answer carries beside its codes. */
export const DuoLabels = Type.Record(Type.String(), Type.String(), {
  description: 'The label of each Data Use Ontology code in this answer.',
});

/** Labels of the codes that are whole strings anywhere in a value, in the order of PURPOSES. */
export function duoLabelsIn(value: unknown): Record<string, string> {
  const found = new Set<unknown>();
  const look = (part: unknown): void => {
    if (typeof part === 'string') found.add(part);
    else if (typeof part === 'object' && part !== null) for (const one of Object.values(part)) look(one);
  };
  look(value);
  return Object.fromEntries(
    PURPOSES.filter((code) => found.has(code)).map((code) => [code, DUO_LABELS[code]]),
  );
}
