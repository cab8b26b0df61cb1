// Every screen by its address. Each is loaded when it is first visited.
import { type ComponentType, lazy } from 'react';
import { Route, Switch } from 'wouter';
import { loadTexts, type ScreenTexts } from '../texts/texts.ts';
import { NotFound } from './not-found.tsx';

type Screen = () => Promise<{ readonly default: ComponentType }>;
type Row = readonly [path: string, screen: Screen, ...texts: ScreenTexts[]];

/** Paths below /console, the first that matches is shown; and the texts that its screen says. */
const SCREENS: readonly Row[] = [
  ['/', () => import('../screens/overview/overview.tsx'), 'overview', 'evidence'],
  ['/studies', () => import('../screens/study/study-list.tsx'), 'study'],
  ['/studies/:studyId', () => import('../screens/study/study.tsx'), 'study', 'evidence'],
  [
    '/studies/:studyId/consent/:datasetId',
    () => import('../screens/consent/consent.tsx'),
    'consent',
    'study',
  ],
  // Not below /studies, where a study can have any such id.
  ['/propose', () => import('../screens/proposal/proposal.tsx'), 'proposal', 'study'],
  ['/models', () => import('../screens/model/model-list.tsx'), 'model'],
  ['/models/:studyId', () => import('../screens/model/model.tsx'), 'model', 'evidence'],
  ['/ledger', () => import('../screens/ledger/ledger.tsx'), 'ledger'],
  ['/ledger/blocks/:block', () => import('../screens/ledger/block.tsx'), 'ledger'],
  [
    '/ledger/transactions/:transactionId',
    () => import('../screens/ledger/transaction.tsx'),
    'ledger',
    'evidence',
  ],
  ['/ledger/rows/*', () => import('../screens/ledger/row.tsx'), 'ledger'],
  ['/verify', () => import('../screens/ledger/verify.tsx'), 'ledger'],
  ['/questions', () => import('../screens/compliance/questions.tsx'), 'compliance'],
  ['/questions/:question', () => import('../screens/compliance/ask-question.tsx'), 'compliance', 'evidence'],
  ['/administration', () => import('../screens/administration/administration.tsx'), 'administration'],
  ['/administration/keys', () => import('../screens/administration/keys.tsx'), 'administration'],
  ['/administration/webhooks', () => import('../screens/administration/webhooks.tsx'), 'administration'],
  ['/administration/members', () => import('../screens/administration/members.tsx'), 'administration'],
  ['/administration/motions', () => import('../screens/administration/motions.tsx'), 'administration'],
];

const ROUTES = SCREENS.map(([path, screen, ...texts]) => ({
  path,
  Component: lazy(async () => {
    const [loaded] = await Promise.all([screen(), ...texts.map(loadTexts)]);
    return loaded;
  }),
}));

export function Routes() {
  return (
    <Switch>
      {ROUTES.map(({ path, Component }) => (
        <Route key={path} path={path}>
          <Component />
        </Route>
      ))}
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}
