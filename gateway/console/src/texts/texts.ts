// The one catalogue: a translation is a folder like en, named here in the same way. A text that is not in it does not
// compile (`t` takes the catalogue's keys alone). What is around every screen is there from the start; the texts of a
// screen are loaded with it.
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import chart from './en/chart.json' with { type: 'json' };
import shell from './en/shell.json' with { type: 'json' };
import words from './en/words.json' with { type: 'json' };

const AT_ONCE = { shell, words, chart } as const;

/** Texts of screens, by group. */
const WITH_SCREENS = {
  overview: () => import('./en/overview.json', { with: { type: 'json' } }),
  study: () => import('./en/study.json', { with: { type: 'json' } }),
  consent: () => import('./en/consent.json', { with: { type: 'json' } }),
  proposal: () => import('./en/proposal.json', { with: { type: 'json' } }),
  model: () => import('./en/model.json', { with: { type: 'json' } }),
  ledger: () => import('./en/ledger.json', { with: { type: 'json' } }),
  evidence: () => import('./en/evidence.json', { with: { type: 'json' } }),
  compliance: () => import('./en/compliance.json', { with: { type: 'json' } }),
  administration: () => import('./en/administration.json', { with: { type: 'json' } }),
} as const;

/** A group of texts that is loaded with a screen. */
export type ScreenTexts = keyof typeof WITH_SCREENS;
type Loaded = { [G in ScreenTexts]: Awaited<ReturnType<(typeof WITH_SCREENS)[G]>>['default'] };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'words';
    nsSeparator: '\0';
    resources: typeof AT_ONCE & Loaded;
  }
}

/** Makes the texts ready that are there at once; React escapes what is put into them. */
export function startTexts(): void {
  void i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: AT_ONCE },
    defaultNS: 'words',
    // Codes of the Data Use Ontology are keys with a colon.
    nsSeparator: false,
    ns: Object.keys(AT_ONCE),
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}

/** Loads the texts of a screen. */
export async function loadTexts(group: ScreenTexts): Promise<void> {
  if (i18next.hasResourceBundle('en', group)) return;
  const { default: texts } = await WITH_SCREENS[group]();
  i18next.addResourceBundle('en', group, texts);
}
