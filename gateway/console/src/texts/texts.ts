// The one catalogue: a translation is a folder like en, joined here in the same way. A text that is not in it does
// not compile (`t` takes the catalogue's keys alone).
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import administration from './en/administration.json' with { type: 'json' };
import chart from './en/chart.json' with { type: 'json' };
import compliance from './en/compliance.json' with { type: 'json' };
import consent from './en/consent.json' with { type: 'json' };
import ledger from './en/ledger.json' with { type: 'json' };
import model from './en/model.json' with { type: 'json' };
import overview from './en/overview.json' with { type: 'json' };
import shell from './en/shell.json' with { type: 'json' };
import study from './en/study.json' with { type: 'json' };
import words from './en/words.json' with { type: 'json' };

/** English, by group: `shell` is what is around every screen, `words` what all of them say, and one for each screen. */
export const ENGLISH = {
  shell,
  words,
  overview,
  study,
  consent,
  model,
  ledger,
  compliance,
  administration,
  chart,
} as const;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'words';
    nsSeparator: '\0';
    resources: typeof ENGLISH;
  }
}

/** Makes the texts ready; React escapes what is put into them. */
export function startTexts(): void {
  void i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: ENGLISH },
    defaultNS: 'words',
    // Codes of the Data Use Ontology are keys with a colon.
    nsSeparator: false,
    ns: Object.keys(ENGLISH),
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}
