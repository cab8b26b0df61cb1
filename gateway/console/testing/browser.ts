// Chromium without a window, as Debian has it (CHROMIUM names another), and pages of the console in it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults, type RunOptions } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { SITE } from './console-gateway.ts';

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';

/** Why nothing can be looked at here; undefined where it can. */
export function whyNoBrowser(): string | undefined {
  if (!existsSync(EXECUTABLE)) return `not run: there is no ${EXECUTABLE} (CHROMIUM names another)`;
  if (!existsSync(join(SITE, 'index.html'))) return 'not run: the console is not built (make build)';
  return undefined;
}

/** Close it at the end. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: EXECUTABLE,
    // Root has no sandbox; what is looked at is our own.
    args: ['--no-sandbox', '--disable-gpu'],
  });

/** What went wrong in a page that nobody may overlook: errors, and what its content-security policy refused. */
export function watchPage(page: Page): string[] {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    // A request that was refused is said by the screen.
    const isNetwork = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isNetwork) found.push(message.text());
  });
  return found;
}

/** Waits until the focus is on an element of this tag with this text: it is set after a screen was drawn. */
export async function waitForFocus(page: Page, tag: string, text: string): Promise<void> {
  await page.waitForFunction(
    ([name, said]) => {
      const { activeElement: at } = document;
      return at?.tagName === name && at?.textContent === said;
    },
    [tag, text],
  );
}

/** Waits until the page has a title, which is set after a screen was drawn. */
export async function waitForTitle(page: Page, title: string): Promise<void> {
  await page.waitForFunction((wanted) => document.title === wanted, title);
}

/**
 * The page of a context, without what was awaited, spoilt or answered in it: going to an address takes the rest. A new
 * page would begin in a process of its own, which compiles the console's scripts again, and cost twice as much.
 */
export async function pageOf(context: BrowserContext): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage());
  page.removeAllListeners();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  return page;
}

/** Two pictures later: what was asked for is drawn, and colours that change over a moment have changed. */
export const painted = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Leads to another screen as a press on a link does: to load the console again costs more. */
export async function goWithin(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => history.pushState(null, '', to), path);
  await painted(page);
}

/** Signs a browser's context in with an API key, as the page to sign in does. */
export async function signIn(context: BrowserContext, url: string, apiKey: string): Promise<void> {
  const headers = { 'x-consilium-console': '1', 'sec-fetch-site': 'same-origin' };
  const answer = await context.request.post(`${url}/console/session`, { headers, data: { apiKey } });
  if (!answer.ok()) throw new Error(`not signed in: ${answer.status()} ${await answer.text()}`);
}

/** What axe finds against WCAG 2.2 AA and its own best practice, a line each. */
export async function findAxeViolations(page: Page, options: RunOptions = {}): Promise<string[]> {
  // Not a script element, which the content-security policy would refuse.
  await page.evaluate((source) => {
    // biome-ignore lint/security/noGlobalEval: the library's own text, in a test's page
    if (!('axe' in globalThis)) globalThis.eval(source);
  }, axe.source);
  const { violations } = (await page.evaluate(
    (asked) => (globalThis as unknown as { axe: { run: (given: object) => unknown } }).axe.run(asked),
    { resultTypes: ['violations'], ...options } as object,
  )) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  );
}
