// Every screen by its address. Each is loaded when it is first visited.
import { type ComponentType, lazy } from 'react';
import { Route, Switch } from 'wouter';
import { NotFound } from './not-found.tsx';

type Screen = () => Promise<{ readonly default: ComponentType }>;

/** Paths below /console; the first that matches is shown. */
const SCREENS: readonly (readonly [path: string, screen: Screen])[] = [
  ['/', () => import('../screens/overview/overview.tsx')],
  ['/studies', () => import('../screens/study/study-list.tsx')],
  ['/studies/:studyId', () => import('../screens/study/study.tsx')],
  ['/studies/:studyId/consent/:datasetId', () => import('../screens/consent/consent.tsx')],
  ['/models', () => import('../screens/model/model-list.tsx')],
  ['/models/:studyId', () => import('../screens/model/model.tsx')],
  ['/ledger', () => import('../screens/ledger/ledger.tsx')],
  ['/ledger/blocks/:block', () => import('../screens/ledger/block.tsx')],
  ['/ledger/transactions/:transactionId', () => import('../screens/ledger/transaction.tsx')],
  ['/ledger/rows/*', () => import('../screens/ledger/row.tsx')],
  ['/verify', () => import('../screens/ledger/verify.tsx')],
  ['/questions', () => import('../screens/compliance/questions.tsx')],
  ['/questions/:question', () => import('../screens/compliance/question.tsx')],
  ['/administration', () => import('../screens/administration/administration.tsx')],
  ['/administration/keys', () => import('../screens/administration/keys.tsx')],
  ['/administration/webhooks', () => import('../screens/administration/webhooks.tsx')],
  ['/administration/members', () => import('../screens/administration/members.tsx')],
  ['/administration/motions', () => import('../screens/administration/motions.tsx')],
];

const ROUTES = SCREENS.map(([path, screen]) => ({ path, Component: lazy(screen) }));

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
