// Every screen that is looked at, in all widths and both themes: add yours.
import type { Role } from '@consilium/domain';
import type { Page } from 'playwright-core';

export interface ScreenShown {
  /** Of its picture in out/console/. */
  readonly name: string;
  /** Below the gateway's address. */
  readonly path: string;
  /** Who looks; nobody is signed in where it is null. */
  readonly role: Role | null;
  /** A text that is there once the screen has loaded what it shows. */
  readonly ready: string | RegExp;
  /** Before the page is opened: to spoil requests. */
  readonly before?: (page: Page) => Promise<unknown>;
  /** Once it is loaded: to open a dialog, or fill in a form. */
  readonly act?: (page: Page) => Promise<unknown>;
}

export const SCREENS: readonly ScreenShown[] = [
  { name: 'sign-in', path: '/console/', role: null, ready: 'API key' },
  { name: 'overview', path: '/console/', role: 'steward', ready: 'Held-out' },
  { name: 'studies', path: '/console/studies', role: 'steward', ready: 'Studies' },
  { name: 'models', path: '/console/models', role: 'researcher', ready: 'Models' },
  { name: 'ledger', path: '/console/ledger', role: 'auditor', ready: 'Ledger' },
  { name: 'questions', path: '/console/questions', role: 'auditor', ready: 'Questions' },
  { name: 'administration', path: '/console/administration', role: 'operator', ready: 'Members' },
  { name: 'members', path: '/console/administration/members', role: 'operator', ready: 'Its updates' },
  {
    name: 'member-vote',
    path: '/console/administration/members',
    role: 'operator',
    ready: 'Its updates',
    act: (page) =>
      page
        .getByRole('button', { name: /Vote on removal/ })
        .last()
        .click(),
  },
  { name: 'motions', path: '/console/administration/motions', role: 'steward', ready: 'Two of our trainers' },
  {
    name: 'move-motion',
    path: '/console/administration/motions',
    role: 'steward',
    ready: 'Two of our trainers',
    act: async (page) => {
      await page.getByRole('button', { name: 'Move a motion' }).click();
      await page.getByText('Every hospital of the study').click();
    },
  },
  {
    name: 'webhooks',
    path: '/console/administration/webhooks',
    role: 'operator',
    ready: 'Registered webhooks',
  },
  { name: 'not-found', path: '/console/nowhere', role: 'steward', ready: 'no such page' },
];
