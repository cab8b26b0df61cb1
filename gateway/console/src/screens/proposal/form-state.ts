// What every part of the form shares: the draft as it was typed and as it is filled in, how to change it, and what is
// wrong at each field.
import { createContext, useContext } from 'react';
import type { Place } from './check-draft.ts';
import type { Draft, FieldName, FieldTexts } from './draft.ts';

export interface FormState {
  readonly draft: Draft;
  /** The texts, with what follows from others where a field is empty. */
  readonly filled: FieldTexts;
  readonly change: (change: Partial<Draft>) => void;
  readonly setText: (name: FieldName, text: string) => void;
  /** What is wrong at a place, as a sentence; undefined where nothing is. */
  readonly wrongAt: (place: Place) => string | undefined;
}

export const FormContext = createContext<FormState | null>(null);

/** @throws outside the form */
export function useForm(): FormState {
  const form = useContext(FormContext);
  if (form === null) throw new Error('no form around this field');
  return form;
}

/** The id of a field's place in the page, to which its problem leads. */
export const placeId = (place: Place): string => `at-${place.replaceAll('.', '-')}`;
