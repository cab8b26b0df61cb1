// The screens, in the order of the menu, and what a session needs for each: one that may do none of it does not see
// it.
import type { OperationId } from '../api/session.ts';

export type NavigationName =
  | 'overview'
  | 'studies'
  | 'models'
  | 'ledger'
  | 'verify'
  | 'questions'
  | 'administration';

export interface NavigationItem {
  readonly name: NavigationName;
  readonly to: string;
  /** One of these is enough; without any, everyone sees it. */
  readonly needs: readonly OperationId[];
}

export interface NavigationGroup {
  readonly name: 'work' | 'proof' | 'office';
  readonly items: readonly NavigationItem[];
}

export const NAVIGATION: readonly NavigationGroup[] = [
  {
    name: 'work',
    items: [
      { name: 'overview', to: '/', needs: [] },
      { name: 'studies', to: '/studies', needs: ['listStudies'] },
      { name: 'models', to: '/models', needs: ['listModels'] },
    ],
  },
  {
    name: 'proof',
    items: [
      { name: 'ledger', to: '/ledger', needs: ['getLedger'] },
      { name: 'verify', to: '/verify', needs: [] },
      { name: 'questions', to: '/questions', needs: ['askBudgets', 'askUsesOfDataset', 'askOriginsOfModel'] },
    ],
  },
  {
    name: 'office',
    items: [
      {
        name: 'administration',
        to: '/administration',
        needs: ['listMembers', 'listWebhooks', 'listMotions'],
      },
    ],
  },
];

/** What a session sees of the menu. */
export function visibleNavigation(operations: readonly string[]): readonly NavigationGroup[] {
  const allowed = new Set(operations);
  const isVisible = ({ needs }: NavigationItem) =>
    needs.length === 0 || needs.some((name) => allowed.has(name));
  return NAVIGATION.map(({ name, items }) => ({ name, items: items.filter(isVisible) })).filter(
    ({ items }) => items.length > 0,
  );
}

/** Whether a menu entry leads to where the reader is, or to what it is under. */
export const isAt = (to: string, path: string): boolean =>
  to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
