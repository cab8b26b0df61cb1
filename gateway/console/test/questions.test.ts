// The questions of compliance teams in a browser: the form and its address, answers in which nothing is overlooked,
// files of long answers, and what is shown while there is no answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, pageOf, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { answerJson, withoutOperations } from '../testing/spoiled-answers.ts';

const USES = '/console/questions/uses-of-dataset';
/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;

describe('the questions of compliance teams', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let auditor: BrowserContext;
  let page: Page;
  let wrong: string[];
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    auditor = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    auditor.setDefaultTimeout(PATIENCE_MS);
    await signIn(auditor, gateway.url, gateway.keys.auditor);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  const look = async (path: string, spoil?: (page: Page) => Promise<unknown>): Promise<void> => {
    page = await pageOf(auditor);
    wrong = watchPage(page);
    await spoil?.(page);
    await page.goto(`${gateway.url}${path}`);
  };
  const leave = (): void => assert.deepEqual(wrong, []);
  const ask = () => page.getByRole('button', { name: 'Ask', exact: true }).click();

  it('asks nothing before it is said about what, then holds the question in the address', async () => {
    await look(USES);
    await page.getByText('Choose what to ask about, then ask.').waitFor();
    await ask();
    await page.getByText('Choose a dataset.').waitFor();
    const dataset = page.getByRole('combobox', { name: 'Dataset' });
    await dataset.fill('herzk');
    await page.getByRole('option', { name: /Herzkatheterlabor/ }).click();
    await ask();
    await page.getByRole('heading', { name: /^Who used dataset “Herzkatheterlabor” \(rhein\)/ }).waitFor();
    assert.equal(new URL(page.url()).search, '?datasetId=rhein');
    leave();
  });

  it('asks the same of whoever is sent the address, and a question about what is not there says so', async () => {
    await look(`${USES}?datasetId=marys`);
    await page.getByText('1 row is about a withdrawn consent.').waitFor();
    await page
      .getByRole('row', { name: /Withdrawn/ })
      .first()
      .waitFor();
    assert.equal(await page.locator('main script, main img, main b').count(), 0, 'titles are text');
    leave();
    await look(`${USES}?datasetId=nowhere`);
    await page.getByText('The ledger has no such entry').waitFor();
    leave();
  });

  it('takes a day from its picker, refuses a period that ends before it begins, and a purpose by its label', async () => {
    await look('/console/questions/studies-of-purpose');
    await page.getByRole('button', { name: /Purpose/ }).click();
    await page.getByRole('option', { name: /Disease-specific research/ }).click();
    await page.getByLabel('From (UTC)').fill('2026-11-30');
    await page.getByLabel('Until before (UTC)').fill('2026-11-29');
    await ask();
    await page.getByText('Choose a day after the first one.').waitFor();
    await page.getByLabel('Until before (UTC)').fill('');
    await page.getByLabel('From (UTC)').fill('2020-01-01');
    await ask();
    await page.getByRole('heading', { name: /^Which studies ran for disease specific research/ }).waitFor();
    assert.equal(new URL(page.url()).search, '?purpose=DUO%3A0000007&from=2020-01-01');
    leave();
  });

  it('makes an erasure that is overdue visible, before the sentences and in its row', async () => {
    await look('/console/questions/withdrawals', (one) =>
      one.route('**/v1/questions/withdrawals*', async (route) => {
        const answer = await route.fetch();
        const given = (await answer.json()) as { withdrawals: object[] };
        const withdrawals = given.withdrawals.map((row) => ({ ...row, isOverdue: true }));
        await route.fulfill({ response: answer, json: { ...given, withdrawals } });
      }),
    );
    await page.getByText('1 row is overdue.').waitFor();
    await page
      .getByRole('row', { name: /Overdue/ })
      .first()
      .waitFor();
    leave();
  });

  it('leads from page to page by the address, and makes one file of all pages', async () => {
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    const limited = (one: Page) =>
      one.route('**/v1/questions/days/*', async (route) => {
        const url = new URL(route.request().url());
        url.searchParams.set('limit', '5');
        await route.continue({ url: url.href });
      });
    await look(`/console/questions/acts-of-day?day=${day}`, limited);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('link', { name: 'First page' }).waitFor();
    assert.match(page.url(), /bookmark=/);
    const whole = page.getByRole('button', { name: /^All pages/ });
    const [file] = await Promise.all([page.waitForEvent('download'), whole.click()]);
    const lines = readFileSync(await file.path(), 'utf8')
      .split('\r\n')
      .slice(0, -1);
    assert.ok(lines.length > 11, `${lines.length} lines`);
    assert.equal(lines.filter((line) => line.startsWith('at,mspId')).length, 1);
    assert.equal(lines.filter((line) => line.endsWith(',true')).length, 0);
    leave();
  });

  it('has every file of an answer as a link of this gateway, and prints without the form', async () => {
    await look(`${USES}?datasetId=rhein`);
    const csv = page.getByRole('link', { name: 'Accounts (CSV)' });
    const [file] = await Promise.all([page.waitForEvent('download'), csv.click()]);
    assert.match(readFileSync(await file.path(), 'utf8'), /^populationId,block,pool/);
    const printed = page.getByRole('link', { name: 'Page for printing' });
    assert.match((await printed.getAttribute('href')) ?? '', /^\/v1\/questions\/.*format=html/);
    const [pageForPrinting] = await Promise.all([page.waitForEvent('popup'), printed.click()]);
    await pageForPrinting.getByRole('heading', { level: 1, name: /^Who used dataset/ }).waitFor();
    await pageForPrinting.close();
    await page.getByRole('button', { name: 'Evidence' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'Ask', exact: true }).isVisible(), false);
    assert.equal(await page.getByRole('heading', { name: /^Who used dataset/ }).isVisible(), true);
    await page.emulateMedia({ media: null });
    leave();
  });

  it('draws how an account went, with the numbers beside it', async () => {
    await look('/console/questions/budgets?mspId=AlphaMSP');
    await page.getByText('The same as a table').click();
    const table = page.getByRole('table', { name: /Cardiology register/ }).first();
    await table.waitFor();
    assert.ok((await table.getByRole('row').count()) > 3);
    leave();
  });

  it('shows what it waits for, what failed with its request, and what a role may not ask', async () => {
    const waiting = Promise.withResolvers<void>();
    await look('/console/questions/budgets', (one) =>
      one.route('**/v1/questions/budgets*', async (route) => {
        await waiting.promise;
        await route.abort('connectionrefused');
      }),
    );
    await page.locator('main [aria-busy="true"]').waitFor();
    waiting.resolve();
    await page.getByText('The gateway does not answer').waitFor();
    leave();
    const body = {
      title: 'The index of the ledger is not there yet',
      status: 500,
      code: 'GATEWAY_INTERNAL',
      detail: 'x',
      requestId: 'r-78',
    };
    await look('/console/questions/withdrawals', (one) => answerJson(one, '**/v1/questions/*', body, 500));
    await page.getByText('Request r-78').waitFor();
    leave();
    await look('/console/questions/withdrawals', (one) => withoutOperations(one, ['askWithdrawals']));
    await page.getByText('Your role may not see this').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Ask', exact: true }).count(), 0);
    leave();
    await look('/console/questions', (one) => withoutOperations(one, ['askWithdrawals']));
    await page.getByRole('link', { name: 'What is left of privacy budgets?' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'What became of withdrawn consents?' }).count(), 0);
    leave();
    await look('/console/questions/no-such-question');
    await page.getByText('There is no such page').waitFor();
    leave();
  });
});
