// API keys in a browser: a new one is seen by whoever made it, also in the place of their own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';

/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;

describe('the screen of API keys', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let page: Page;
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS);
    await signIn(context, gateway.url, gateway.keys.operator);
    page = await context.newPage();
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  it('ends the own key no sooner than the new one is read, and a key of others at once where asked', async () => {
    const wrong = watchPage(page);
    await page.goto(`${gateway.url}/console/administration/keys`);
    const dialog = page.getByRole('dialog');
    const rotate = async (row: string): Promise<void> => {
      await page.getByRole('row').filter({ hasText: row }).getByRole('button', { name: 'Rotate' }).click();
    };
    const atOnce = dialog.getByText('it ends at once');
    const newKey = async (): Promise<string> => {
      await dialog.getByRole('button', { name: 'Rotate' }).click();
      const key = await dialog.getByText(/^consilium_/).innerText();
      await dialog.getByRole('button', { name: 'I have kept it' }).click();
      await dialog.waitFor({ state: 'detached' });
      return key;
    };
    await rotate('researcher-');
    await atOnce.click();
    const theirs = await newKey();
    await rotate('yours');
    await dialog.getByText('It is your own key.').waitFor();
    assert.equal(await atOnce.count(), 0);
    const own = await newKey();
    for (const key of [theirs, own]) {
      const answer = await fetch(`${gateway.url}/v1/members`, {
        headers: { authorization: `Bearer ${key}` },
      });
      assert.equal(answer.status, 200);
    }
    assert.deepEqual(wrong, []);
  });
});
