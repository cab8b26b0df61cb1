// What is around every screen, by keyboard and by pointer: the way to the content, the focus on arrival, the menu of a
// phone, meanings, colours, and the end of a session.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  findAxeViolations,
  openBrowser,
  signIn,
  waitForFocus,
  waitForTitle,
  watchPage,
  whyNoBrowser,
} from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { lookAtMeanings } from '../testing/meanings.ts';

const HEADERS = { 'x-consilium-console': '1', 'sec-fetch-site': 'same-origin' };

describe('the shell', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let context: BrowserContext;
  let page: Page;
  let wrong: string[];
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB' });
    await signIn(context, gateway.url, gateway.keys.steward);
    page = await context.newPage();
    wrong = watchPage(page);
    await page.goto(`${gateway.url}/console/`);
    await page.getByText('Held-out').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  it('lets a keyboard skip the menu, and sets the focus on the heading of the screen that it goes to', async () => {
    await page.keyboard.press('Tab');
    await waitForFocus(page, 'A', 'Skip to the content');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'content');
    await page.getByRole('navigation').getByRole('link', { name: 'Studies' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor();
    await waitForFocus(page, 'H1', 'Studies');
    await waitForTitle(page, 'Studies · Consilium');
    const current = page.getByRole('navigation').locator('[aria-current=page]');
    assert.equal(await current.textContent(), 'Studies');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await waitForFocus(page, 'H1', 'Overview');
  });

  it('says what a figure means where the focus or the pointer is on its name, and stops at Escape', async () => {
    const spent = page.getByRole('button', { name: 'Spent' }).first();
    const meaning = page.getByRole('tooltip');
    // A pointer that moves, after the keys of before: several moves may else arrive as one.
    await page.getByRole('heading', { level: 1 }).hover();
    await page.waitForFunction(() => document.querySelector('h1:hover') !== null);
    await spent.hover();
    await meaning.waitFor();
    assert.match((await meaning.textContent())!, /used up for good/);
    await page.mouse.move(0, 0);
    await meaning.waitFor({ state: 'detached' });
    // By a key itself: what moves under a pointer that rests makes a browser say that the pointer moved.
    await spent.focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
    await meaning.waitFor();
    assert.equal(await spent.getAttribute('aria-describedby'), await meaning.getAttribute('id'));
    await page.keyboard.press('Escape');
    await meaning.waitFor({ state: 'detached' });
  });

  it('finds a figure that says nothing, and a word whose meaning is out of sight', async () => {
    const sound = await lookAtMeanings(page);
    assert.deepEqual(sound.found, []);
    assert.ok(sound.figures > 6 && sound.triggers > 6, JSON.stringify(sound));
    await page.evaluate(() => {
      document.querySelector('main')!.insertAdjacentHTML('beforeend', '<p data-figure>ε of a stranger</p>');
      const aside = new CSSStyleSheet();
      aside.replaceSync('[role=tooltip] { translate: -200vw; }');
      document.adoptedStyleSheets = [aside];
    });
    const { found } = await lookAtMeanings(page, { patienceMs: 0 });
    assert.ok(found.includes('says nothing of: ε of a stranger'), found.join());
    assert.ok(
      found.some((line) => line.startsWith('is described out of sight: ')),
      found.join(),
    );
    await page.evaluate(() => {
      document.adoptedStyleSheets = [];
      document.querySelector('main > p[data-figure]')?.remove();
    });
  });

  it('opens the session in a dialog that all of it is in, and leads back to its button at Escape', async () => {
    await page.getByRole('button', { name: /Your session/ }).click();
    const dialog = page.getByRole('dialog', { name: /Your session/ });
    await dialog.waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Dismiss' }).count(), 2);
    assert.deepEqual(await findAxeViolations(page), []);
    await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]') !== null);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.waitForFunction(() =>
      document.activeElement?.getAttribute('aria-label')?.startsWith('Your session'),
    );
  });

  it('keeps of a choice of colours its name alone in the browser', async () => {
    await page.getByRole('button', { name: /Your session/ }).click();
    await page.getByText('Dark', { exact: true }).click();
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByText('Held-out').first().waitFor();
    const kept = await page.evaluate(() => [
      document.documentElement.dataset.theme,
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
    ]);
    assert.deepEqual(kept, ['dark', '{"consilium-theme":"dark"}', '{}']);
  });

  it('opens its menu on a phone, and closes it on arrival', async () => {
    await page.setViewportSize({ width: 375, height: 812 });
    const menu = page.getByRole('navigation', { name: 'Screens' });
    await menu.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Menu' }).click();
    await menu.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    await menu.waitFor({ state: 'hidden' });
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('shows a role no more of the menu than it may use', async () => {
    const other = await browser.newContext();
    await signIn(other, gateway.url, gateway.keys.auditor);
    const theirs = await other.newPage();
    await theirs.goto(`${gateway.url}/console/administration`);
    await theirs.getByRole('heading', { level: 1 }).waitFor();
    const parts = await theirs.locator('main h2').allTextContents();
    assert.ok(parts.includes('Members') && !parts.includes('API keys'), parts.join());
    await other.close();
  });

  it('never looks as if somebody were signed out who is not', async () => {
    const problem = { status: 503, contentType: 'application/problem+json', body: '{}' };
    await page.route('**/console/session*', (route) =>
      route.request().method() === 'DELETE' ? route.fulfill(problem) : route.continue(),
    );
    await page.getByRole('button', { name: /Your session/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Sign out in all browsers' }).click();
    await dialog.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    await page.unrouteAll();
  });

  it('asks to sign in again where the session has ended, and says that it has', async () => {
    await context.request.delete(`${gateway.url}/console/session`, { headers: HEADERS });
    await page.getByRole('link', { name: 'Studies' }).click();
    await page.getByText('Your session has ended').waitFor();
    assert.equal(await page.getByText('Early signs').count(), 0);
    await page.getByLabel('API key').fill('consilium_wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('This key is not known here').waitFor();
    await page.getByLabel('API key').fill(gateway.keys.steward);
    await page.keyboard.press('Enter');
    await page.getByText('Early signs').first().waitFor();
    assert.ok(!page.url().includes('consilium_'), page.url());
    assert.deepEqual(wrong, []);
  });
});
