// The ledger in a browser: a hundred thousand blocks stay smooth, what happens appears by itself, and what is looked
// for is in the address.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { anotherDataset } from '@consilium/gateway/testing/another-dataset';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signIn, waitForFocus, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { EVIDENCE, EVIDENCE_GENESIS } from '../testing/screens.ts';

/** A busy machine takes its time. */
const SUITE_TIMEOUT_MS = 1_500_000;
const WAITED_MS = 120_000;
const BLOCKS = 100_000;

/** Made-up blocks from one on to older ones. */
const blocks = (newest: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    number: newest - at,
    ...{ hash: 'ab'.repeat(32), previousHash: null, dataHash: '', at: null },
    ...{ transactions: 1, withoutEffect: 0, isConfiguration: false },
    ...{ signedBy: [], agreed: [], witnessed: [] },
  }));

describe('the ledger in a browser', { skip: whyNoBrowser() ?? false, timeout: SUITE_TIMEOUT_MS }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let page: Page;
  let wrong: string[];

  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    await signIn(context, gateway.url, gateway.keys.steward);
    page = await context.newPage();
    page.setDefaultTimeout(WAITED_MS);
    wrong = watchPage(page);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  it('shows what happens by itself, before what was there, and asks for what is new alone', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/v1/transactions?')) asked.push(new URL(request.url()).search);
    });
    await page.goto(`${gateway.url}/console/ledger`);
    await page.getByRole('link', { name: 'Proposed a study' }).first().waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    assert.deepEqual(asked, ['?limit=100'], 'asked once');
    const answer = await gateway.as('steward', {
      method: 'POST',
      url: '/v1/datasets',
      payload: anotherDataset('newcomer'),
    });
    assert.equal(answer.statusCode, 201, answer.body);
    const first = page.locator('tbody tr').first();
    await first.getByRole('link', { name: 'newcomer' }).waitFor();
    assert.match(await first.innerText(), /Registered a dataset/);
  });

  it('shows what happens while its first question is on the way', async () => {
    const [isHeld, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route(
      '**/v1/transactions?*',
      async (route) => {
        const response = await route.fetch();
        isHeld.resolve();
        await release.promise;
        await route.fulfill({ response });
      },
      { times: 1 },
    );
    const stateOfLedger = (url: string) => url.includes('/v1/blocks?');
    const isShown = page.waitForResponse((response) => stateOfLedger(response.url()));
    await page.goto(`${gateway.url}/console/ledger`);
    await Promise.all([isHeld.promise, isShown, page.getByText('Live', { exact: true }).waitFor()]);
    // What is renewed beside it shows that the event is there.
    const isRenewed = page.waitForRequest((request) => stateOfLedger(request.url()));
    const payload = anotherDataset('another');
    const answer = await gateway.as('steward', { method: 'POST', url: '/v1/datasets', payload });
    assert.equal(answer.statusCode, 201, answer.body);
    await isRenewed;
    release.resolve();
    await page.locator('tbody tr').first().getByRole('link', { name: 'another' }).waitFor();
  });

  it('finds by an id of any kind, and keeps in the address what is looked for', async () => {
    const find = async (id: string) => {
      await page.getByLabel('Id', { exact: true }).fill(id);
      await page.getByRole('button', { name: 'Find' }).click();
    };
    await find('heart');
    await page.getByText('About heart').waitFor();
    assert.match(page.url(), /\?subject=heart$/);
    await page.reload();
    await page.getByText('About heart').waitFor();
    await find('nobody-has-this');
    await page.getByText('No transaction is as you ask').waitFor();
    await find('12');
    await page.getByRole('heading', { name: 'Block 12' }).waitFor();
    await page.goto(`${gateway.url}/console/ledger?hospital=%3Cimg%3E&from=yesterday&validity=maybe`);
    await page.getByRole('link', { name: 'Proposed a study' }).first().waitFor();
  });

  it('shows the history of a row with what changed, and leads to each transaction', async () => {
    await page.goto(`${gateway.url}/console/ledger/rows/study/heart`);
    const versions = page.locator('ol[reversed] > li');
    await versions.first().waitFor();
    assert.match(await versions.first().innerText(), /completed/);
    assert.match(await versions.last().innerText(), /Written for the first time/);
    await versions.last().getByRole('link', { name: 'Transaction' }).click();
    await page.getByRole('heading', { name: 'Proposed a study' }).waitFor();
    await waitForFocus(page, 'H1', 'Proposed a study');
  });

  it('makes the file of evidence of what is on the screen, says what it shows, and verifies it here', async () => {
    await page.route('**/v1/evidence/studies/heart', (route) =>
      route.fulfill({ contentType: 'application/x-ndjson', body: readFileSync(EVIDENCE) }),
    );
    await page.goto(`${gateway.url}/console/studies/heart`);
    await page.getByRole('button', { name: 'Evidence of this study' }).click();
    await page.getByText('It shows whole blocks').waitFor();
    await page.getByRole('button', { name: 'Make the file' }).click();
    await page.getByText('It shows rows of no other study').waitFor();
    await page.getByRole('button', { name: 'Verify it here' }).click();
    await page.getByText('heart-study-evidence.ndjson').waitFor();
    await page.getByLabel('Digest of the first block').fill(EVIDENCE_GENESIS);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('What is proven').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('begins again where more happened at once than a page holds, and misses no block', async () => {
    let newest = 199;
    await page.route('**/v1/blocks?*', (route) => {
      const asked = new URL(route.request().url()).searchParams;
      const from = Number(asked.get('bookmark') ?? newest);
      const items = blocks(from, Math.min(Number(asked.get('limit')), from + 1));
      const next = from - items.length;
      return route.fulfill({ json: { items, bookmark: next < 0 ? '' : `${next}` } });
    });
    await page.goto(`${gateway.url}/console/ledger?show=blocks`);
    const first = page.locator('tbody tr').first();
    const shows = (number: number) => first.getByText(`${number}`, { exact: true }).waitFor();
    await shows(199);
    const more = page.getByRole('button', { name: 'Show more' });
    await more.click();
    await more.waitFor({ state: 'detached' });
    newest = 499;
    const payload = anotherDataset('third');
    const answer = await gateway.as('steward', { method: 'POST', url: '/v1/datasets', payload });
    assert.equal(answer.statusCode, 201, answer.body);
    await shows(499);
    for (let read = 1; read < 5; read++) await more.click();
    await page.locator('table[aria-rowcount="501"]').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('keeps few rows in the page of a hundred thousand, wherever one scrolls', async () => {
    const items = blocks(BLOCKS - 1, BLOCKS);
    await page.route('**/v1/blocks?*', (route) => {
      const isOfList = route.request().url().includes('limit=100');
      return route.fulfill({ json: { items: isOfList ? items : items.slice(0, 1) } });
    });
    await page.goto(`${gateway.url}/console/ledger?show=blocks`);
    const rows = page.locator('tbody tr[data-index]');
    await rows.first().waitFor();
    for (const share of [0.2, 0.5, 0.9, 1, 0]) {
      await page.evaluate((at) => {
        const scroller = document.querySelector('[role=group][tabindex="0"]')!;
        scroller.scrollTop = at * scroller.scrollHeight;
      }, share);
      const wanted = Math.min(Math.floor(share * BLOCKS), BLOCKS - 1);
      // Rows are measured as they come, so that the place of a share is near it.
      await page.waitForFunction(
        ([near, within]) => {
          const shown = [...document.querySelectorAll<HTMLElement>('tbody tr[data-index]')];
          return shown.some(({ dataset }) => Math.abs(Number(dataset.index) - near!) < within!);
        },
        [wanted, BLOCKS / 50],
      );
      assert.ok((await rows.count()) < 100);
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('made no error, and nothing that its policy had to refuse', () => {
    assert.deepEqual(wrong, []);
  });
});
