// The story of a study as people see it, through the consoles of four hospitals in one Chromium: a researcher
// proposes it in a form that says its cost; each steward reads the proposal and answers it by clicks, one of them
// with a refusal; the requester starts it; the round is seen while it goes on; the model's evidence is downloaded,
// and verified by the command's code and in another hospital's browser; and a question about it is answered. Pictures
// of it are left in out/console/, for the tutorials.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { verifyBundle } from '@consilium/verify';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { genesisSha256Of } from '../src/genesis-digest.ts';
import type { Addresses } from '../src/runtime.ts';
import { readSecrets } from '../src/secrets.ts';
import { type DetachedConsortium, startDetached } from '../src/start-detached.ts';
import { exportsOf, syntheticFiles } from './data-files.ts';
import { sitesOf, writeConfiguration } from './demo-consortium.ts';
import { registerAll, type Site } from './enrolment.ts';
import type { ClientRole } from './hospital-client.ts';
import { readJsonFile } from './read-json-file.ts';
import { StageClock } from './stage-clock.ts';
import { readStudyPlan, type StudyPlan } from './study-plan.ts';

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const repository = join(import.meta.dirname, '../../..');
const PARTS = [
  'test-network/dist/src/main.js',
  'trainer/dist/src/main.js',
  'gateway/console/dist/site/index.html',
];

const PICTURES = join(repository, 'out/console');

function whyNot(): string | false {
  const missing = PARTS.find((part) => !existsSync(join(repository, part)));
  if (missing !== undefined) return `not run: ${missing} is not built`;
  return existsSync(EXECUTABLE) ? false : `not run: there is no ${EXECUTABLE} (CHROMIUM names another)`;
}

/** Nothing here is decided by time: this is when the test gives up. */
const PATIENCE_MS = 280_000;

describe('a study, as four hospitals see it', { skip: whyNot(), timeout: 600_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'consilium-story-'));
  const directory = join(root, 'consortium');
  let consortium: DetachedConsortium | undefined;
  let browser: Browser | undefined;
  after(async () => {
    await browser?.close();
    await consortium?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it('goes from a proposal to evidence that holds, by reading and clicking', {
    timeout: 600_000,
  }, async () => {
    const source = exportsOf(syntheticFiles(7, join(root, 'cohorts')), join(root, 'exports'));
    const configFile = writeConfiguration(source, { runtime: 'embedded' }, root);
    const { signal } = new AbortController();
    consortium = await startDetached({ configFile, directory, report: () => undefined, signal });
    const addresses = readJsonFile<Addresses>(join(directory, 'consortium.json'));
    const sites = sitesOf(source, addresses, { directory, signal });
    const whole = readStudyPlan(1);
    const training = { ...whole.study.training, stepsPerRound: 1 };
    const plan = { ...whole, study: { ...whole.study, training } };
    await registerAll({ sites, plan, source, clock: new StageClock(), say: () => undefined });

    browser = await chromium.launch({
      executablePath: EXECUTABLE,
      args: ['--no-sandbox', '--disable-gpu', '--force-prefers-reduced-motion'],
    });
    const consoles = await Promise.all(sites.map((site) => openConsole(browser!, site)));
    const [first, ...others] = consoles as [Console, ...Console[]];
    const last = others.at(-1)!;

    await signInByHand(first, keyOf(first.site, 'researcher'));
    const studyId = await propose(first.page, plan, sites);
    await first.page.getByText('Too few consents for a round').waitFor();
    assert.equal(await first.page.getByRole('button', { name: 'Start the study' }).isEnabled(), false);

    for (const { page, context, site } of others) {
      await signIn(context, site, 'steward');
      await page.goto(`${site.client.url}/console/studies/${studyId}/consent/${site.hospital.datasetId}`);
      await page.getByText(plan.study.question).first().waitFor();
      await page.getByText('Left afterwards').first().waitFor();
    }
    await picture(others[0]!.page, 'consent');
    await refuse(last.page);
    for (const { page } of others.slice(0, -1)) await consent(page);
    const steward = await openConsole(browser, first.site);
    await signIn(steward.context, first.site, 'steward');
    const own = `/console/studies/${studyId}/consent/${first.site.hospital.datasetId}`;
    await steward.page.goto(`${first.site.client.url}${own}`);
    await consent(steward.page);
    // What nobody looks at any more would draw the round again and again.
    for (const { context } of [steward, ...others.slice(1, -1)]) await context.close();
    await last.page.goto(`${last.site.client.url}/console/verify`);

    // The requester's page has not been loaded again: it is told by events.
    const start = first.page.getByRole('button', { name: 'Start the study' });
    await first.page.locator('button:enabled', { hasText: 'Start the study' }).waitFor();
    await first.page.getByRole('tab', { name: 'Consents' }).click();
    await first.page.getByText('It costs too much of what our patients have left.').waitFor();
    await first.page.getByRole('tab', { name: 'Progress' }).click();

    const watching = others[0]!.page;
    await watching.goto(`${others[0]!.site.client.url}/console/studies/${studyId}`);
    await watching.getByText('The study has not started').waitFor();
    await start.click();
    await first.page.getByRole('dialog').getByRole('button', { name: 'Start the study' }).click();
    await watching.getByText('Round 1 now').waitFor();
    await watching.getByText('Who is doing what').waitFor();
    await picture(watching, 'round');
    await first.page.getByRole('heading', { level: 1 }).locator('..').getByText('Completed').waitFor();
    await watching.getByRole('grid').waitFor();
    await watching.getByText('All together').first().waitFor();

    await picture(watching, 'study');

    await checkEvidence(first, last.page);
    const asking = others[0]!;
    await asking.page.goto(
      `${asking.site.client.url}/console/questions/origins-of-model?studyId=${encodeURIComponent(studyId)}`,
    );
    await asking.page.getByText(first.site.hospital.datasetTitle).first().waitFor();
  });

  /** The evidence of a model as its page offers it, checked from the digest of the first block alone. */
  async function checkEvidence({ page }: Console, elsewhere: Page): Promise<void> {
    await page.getByRole('link', { name: 'To the model' }).click();
    await page.getByRole('button', { name: 'Evidence of this model' }).click();
    await page.getByRole('button', { name: 'Make the file' }).click();
    const wait = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the file' }).click();
    const file = join(root, 'evidence.ndjson');
    await (await wait).saveAs(file);
    const genesis = genesisSha256Of(directory) ?? '';
    const { problems, answered } = verifyBundle(readFileSync(file), { genesis, chaincode: 'consilium' });
    assert.deepEqual(problems, []);
    assert.ok((answered?.signedBy.length ?? 0) > 0, 'somebody signed the answers');
    await elsewhere.locator('input[type=file]').setInputFiles(file);
    await elsewhere.getByLabel('Digest of the first block').fill(genesis);
    await elsewhere.getByRole('button', { name: 'Check', exact: true }).click();
    await elsewhere.getByText('All that the file claims of').first().waitFor();
  }

  /** One hospital's console, in a context of its own: no cookie is another's. */
  interface Console {
    readonly site: Site;
    readonly context: BrowserContext;
    readonly page: Page;
  }

  async function openConsole(inBrowser: Browser, site: Site): Promise<Console> {
    const context = await inBrowser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    context.setDefaultTimeout(PATIENCE_MS);
    return { site, context, page: await context.newPage() };
  }

  async function picture(page: Page, name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await page.setViewportSize({ width: 1440, height: 900 });
    const path = join(PICTURES, `story-${name}.png`);
    await page.screenshot({ path, fullPage: true, animations: 'disabled', timeout: PATIENCE_MS });
  }

  const keyOf = ({ hospital }: Site, role: ClientRole): string =>
    readSecrets(directory, hospital.name).gateway[role];

  /** As the page to sign in does it. */
  async function signIn(context: BrowserContext, site: Site, role: ClientRole): Promise<void> {
    const headers = { 'x-consilium-console': '1', 'sec-fetch-site': 'same-origin' };
    const data = { apiKey: keyOf(site, role) };
    const answer = await context.request.post(`${site.client.url}/console/session`, { headers, data });
    assert.ok(answer.ok(), await answer.text());
  }

  async function signInByHand({ page, site }: Console, key: string): Promise<void> {
    await page.goto(`${site.client.url}/console/`);
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
  }

  /** From a file to the ledger, with the model that this hospital's own trainer builds. @returns the study's id */
  async function propose(page: Page, plan: StudyPlan, sites: readonly Site[]): Promise<string> {
    await page.getByRole('link', { name: 'Studies' }).first().click();
    await page.getByRole('link', { name: 'Propose a study' }).click();
    const { study, model } = plan;
    const buffer = Buffer.from(JSON.stringify({ study, model }));
    await page.getByText('Drop a study').waitFor();
    await page
      .getByLabel("A study's file")
      .setInputFiles({ name: 'study.json', mimeType: 'application/json', buffer });
    await page.getByText('Taken from study.json').waitFor();
    for (const { hospital } of sites) {
      await page.getByRole('checkbox', { name: hospital.datasetTitle }).check({ force: true });
    }
    await page.getByText('Rounds that fit everywhere').waitFor();
    await picture(page, 'propose');
    await page.getByRole('button', { name: 'Read it before it is sent' }).click();
    await page.getByRole('heading', { level: 1, name: 'Read it before it is sent' }).waitFor();
    await page.getByText(study.question).first().waitFor();
    await page.getByRole('button', { name: 'Propose the study' }).click();
    await page.getByRole('heading', { level: 1, name: study.title }).waitFor();
    return new URL(page.url()).pathname.split('/').at(-1)!;
  }

  async function consent(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Consent', exact: true }).click();
    await page.getByRole('dialog').getByText('You can withdraw at any time').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Consent' }).click();
    await page.getByText('The consent is on the ledger.').waitFor();
    await page.getByText('What follows').first().waitFor();
  }

  async function refuse(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Refuse', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: /What kind of reason/ }).click();
    await page.getByRole('option', { name: 'The cost in privacy' }).click();
    await dialog.getByRole('textbox').fill('It costs too much of what our patients have left.');
    await dialog.getByRole('button', { name: 'Refuse' }).click();
    await page.getByText('The refusal is on the ledger.').waitFor();
  }
});
