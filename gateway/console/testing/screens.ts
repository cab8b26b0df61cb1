// Every screen that is looked at, in all widths and both themes: add yours.
import { join } from 'node:path';
import type { Role } from '@consilium/domain';
import type { Page } from 'playwright-core';

/** Parts of the console, each with a test file of its own. */
export type Area = 'entrance' | 'studies' | 'models' | 'ledger' | 'office';

export interface ScreenShown {
  readonly area: Area;
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
  /** It holds what would be lost, and asks whoever leaves it. */
  readonly hasDraft?: true;
}

const refuse = (page: Page) => page.route('**/v1/**', (route) => route.abort('connectionrefused'));
const fail = (page: Page) =>
  page.route('**/v1/attention*', (route) =>
    route.fulfill({
      status: 500,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'urn:consilium:problem:GATEWAY_INTERNAL',
        title: 'The gateway failed',
        status: 500,
        detail: 'Look in its log for the request.',
        code: 'GATEWAY_INTERNAL',
        requestId: '0b0c6a2e-5d1f-4a55-9b4e-6d5c7e1f2a3b',
      }),
    }),
  );

const ENTRANCE: readonly Omit<ScreenShown, 'area'>[] = [
  { name: 'sign-in', path: '/console/', role: null, ready: 'API key' },
  { name: 'overview', path: '/console/', role: 'steward', ready: 'Held-out' },
  { name: 'overview-offline', path: '/console/', role: 'steward', ready: 'does not answer', before: refuse },
  { name: 'overview-failed', path: '/console/', role: 'steward', ready: 'Request 0b0c6a2e', before: fail },
  {
    name: 'account',
    path: '/console/',
    role: 'steward',
    ready: 'Held-out',
    act: (page) => page.getByRole('button', { name: /Your session/ }).click(),
  },
  { name: 'not-found', path: '/console/nowhere', role: 'steward', ready: 'no such page' },
];

const STUDIES: readonly Omit<ScreenShown, 'area'>[] = [
  { name: 'studies', path: '/console/studies', role: 'steward', ready: 'Early signs' },
  { name: 'study-running', path: '/console/studies/sepsis', role: 'steward', ready: 'septic shock' },
  { name: 'study-completed', path: '/console/studies/heart', role: 'researcher', ready: 'angiography' },
  { name: 'study-proposed', path: '/console/studies/stroke', role: 'steward', ready: 'rehabilitation' },
  { name: 'study-hostile', path: '/console/studies/kidney', role: 'steward', ready: '<script>' },
  { name: 'study-plan', path: '/console/studies/heart?part=plan', role: 'auditor', ready: 'What follows' },
  { name: 'study-consents', path: '/console/studies/kidney?part=consents', role: 'steward', ready: 'Ethics' },
  { name: 'study-costs', path: '/console/studies/sepsis?part=costs', role: 'auditor', ready: 'At most' },
  {
    name: 'study-decisions',
    path: '/console/studies/sepsis?part=decisions',
    role: 'steward',
    ready: 'Two of our trainers are slow',
  },
  {
    name: 'consent',
    path: '/console/studies/stroke/consent/nordlund-emergency',
    role: 'steward',
    ready: 'Left afterwards',
  },
  {
    name: 'consent-refuse',
    path: '/console/studies/stroke/consent/nordlund-emergency',
    role: 'steward',
    ready: 'Left afterwards',
    act: async (page) => {
      await page.getByRole('button', { name: 'Refuse', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click();
    },
  },
  {
    name: 'consent-given',
    path: '/console/studies/sepsis/consent/nordlund-emergency',
    role: 'steward',
    ready: 'What follows',
  },
  { name: 'propose', path: '/console/propose', role: 'researcher', ready: 'Herzkatheterlabor' },
  {
    name: 'propose-wrong',
    path: '/console/propose',
    role: 'researcher',
    ready: 'Herzkatheterlabor',
    act: async (page) => {
      await page.getByRole('button', { name: 'Read it before it is sent' }).click();
      await page.getByText('Choose one dataset at least.').first().waitFor();
    },
  },
  {
    name: 'propose-like',
    path: '/console/propose?like=lung',
    role: 'researcher',
    ready: 'Rounds that fit everywhere',
    hasDraft: true,
  },
  {
    name: 'propose-read',
    path: '/console/propose?like=heart',
    role: 'researcher',
    ready: 'Rounds that fit everywhere',
    hasDraft: true,
    act: async (page) => {
      await page.getByLabel('Title').fill('Heart failure after an infarction');
      await page.getByRole('button', { name: 'Read it before it is sent' }).click();
      await page.getByRole('heading', { level: 1, name: 'Read it before it is sent' }).waitFor();
    },
  },
  { name: 'study-missing', path: '/console/studies/none', role: 'steward', ready: 'no such entry' },
];

const MODELS: readonly Omit<ScreenShown, 'area'>[] = [
  { name: 'models', path: '/console/models', role: 'researcher', ready: 'Published models' },
  { name: 'model-card', path: '/console/models/heart', role: 'auditor', ready: 'The same as a table' },
  {
    name: 'model-lineage',
    path: '/console/models/heart?part=lineage',
    role: 'auditor',
    ready: 'Arrow keys',
    act: openInLineage,
  },
  {
    name: 'model-predict',
    path: '/console/models/heart?part=predict',
    role: 'researcher',
    ready: 'Leave empty',
  },
  { name: 'questions', path: '/console/questions', role: 'auditor', ready: 'Who used a dataset' },
  {
    name: 'question-uses',
    path: '/console/questions/uses-of-dataset?datasetId=marys',
    role: 'auditor',
    ready: 'How to read this',
  },
  {
    name: 'question-budgets',
    path: '/console/questions/budgets',
    role: 'auditor',
    ready: 'The same as a table',
  },
  {
    name: 'question-withdrawals',
    path: '/console/questions/withdrawals',
    role: 'auditor',
    ready: 'How to read this',
  },
  {
    name: 'question-form',
    path: '/console/questions/refusals-of-hospital',
    role: 'auditor',
    ready: 'What is asked',
    act: (page) => page.getByRole('button', { name: 'Ask' }).click(),
  },
];

const LEDGER: readonly Omit<ScreenShown, 'area'>[] = [
  { name: 'ledger', path: '/console/ledger', role: 'auditor', ready: 'Peers that agree' },
  { name: 'ledger-filtered', path: '/console/ledger?subject=heart', role: 'auditor', ready: 'About heart' },
  { name: 'ledger-blocks', path: '/console/ledger?show=blocks', role: 'auditor', ready: 'Digest' },
  { name: 'block', path: '/console/ledger/blocks/12', role: 'auditor', ready: 'Digest of the block before' },
  {
    name: 'transaction',
    path: '/console/ledger?subject=heart',
    role: 'auditor',
    ready: 'About heart',
    act: async (page) => {
      await page.getByRole('link', { name: 'Started a study' }).first().click();
      await page.getByText('What was asked').waitFor();
    },
  },
  {
    name: 'evidence-of-transaction',
    path: '/console/ledger?subject=heart',
    role: 'auditor',
    ready: 'About heart',
    act: async (page) => {
      await page.getByRole('link', { name: 'Started a study' }).first().click();
      await page.getByRole('button', { name: 'Evidence' }).click();
    },
  },
  { name: 'row', path: '/console/ledger/rows/study/heart', role: 'auditor', ready: 'Written for the first' },
  { name: 'row-unknown', path: '/console/ledger/rows/nothing/x', role: 'auditor', ready: 'no history' },
  { name: 'verify', path: '/console/verify', role: 'auditor', ready: 'Digest of the first block' },
  {
    name: 'verify-proven',
    path: '/console/verify',
    role: null,
    ready: 'Nothing of the file leaves',
    act: verifyEvidence,
  },
];

const OFFICE: readonly Omit<ScreenShown, 'area'>[] = [
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
  { name: 'keys', path: '/console/administration/keys', role: 'operator', ready: 'Keys of this gateway' },
  {
    name: 'may-not',
    path: '/console/administration/keys',
    role: 'researcher',
    ready: 'Your role may not see this',
  },
];

const inArea = (area: Area, screens: readonly Omit<ScreenShown, 'area'>[]): ScreenShown[] =>
  screens.map((screen) => ({ ...screen, area }));

export const SCREENS: readonly ScreenShown[] = [
  ...inArea('entrance', ENTRANCE),
  ...inArea('studies', STUDIES),
  ...inArea('models', MODELS),
  ...inArea('ledger', LEDGER),
  ...inArea('office', OFFICE),
];

/** An update of the last round. */
async function openInLineage(page: Page): Promise<void> {
  await page.locator('[data-node="update 2 marys"]').click();
  await page.getByRole('heading', { name: 'What happened to it' }).waitFor();
}

/** An example's file. */
export const EVIDENCE = join(import.meta.dirname, '../../../../examples/verify-evidence/evidence.ndjson');
/** Of the channel that the file is of. */
export const EVIDENCE_GENESIS = '99ebfbeae9917a12c4be6c3b8d0d6a59915d77f1edaeaeb7835b7142972ab2ef';

/** The file of an example, whose digest is in its README. */
async function verifyEvidence(page: Page): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(EVIDENCE);
  await page.getByLabel('Digest of the first block').fill(EVIDENCE_GENESIS);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByText('What is proven').waitFor();
}
