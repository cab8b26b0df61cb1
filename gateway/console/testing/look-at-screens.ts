// Every screen, in both themes and three widths: nothing that axe finds wrong, nothing wider than the window, no
// error and nothing that the content-security policy had to refuse. PICTURES=1 leaves a picture of each in
// out/console/, asks all of axe of each, and focuses all that says what it means; SCREENS=overview,members asks for
// some of them.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunOptions } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  findAxeViolations,
  goWithin,
  openBrowser,
  pageOf,
  painted,
  signIn,
  watchPage,
  whyNoBrowser,
} from './browser.ts';
import { type ConsoleGateway, openConsoleGateway } from './console-gateway.ts';
import { lookAtMeanings } from './meanings.ts';
import { type Area, SCREENS, type ScreenShown } from './screens.ts';

const PICTURES = join(import.meta.dirname, '../../../../out/console');
const WIDTHS = [375, 768, 1440] as const;
const THEMES = ['light', 'dark'] as const;
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];
const OF_LAYOUT = ['target-size', 'scrollable-region-focusable'];
const PATIENCE_MS = 120_000;
/** Some screens only, while one works on them. */
const ONLY = process.env.SCREENS?.split(',');
/** To look at; drawing them costs more than all else. */
const HAS_PICTURES = process.env.PICTURES === '1';
/** A busy machine takes its time, and draws slowly. */
const SUITE_TIMEOUT_MS = HAS_PICTURES ? 3_600_000 : 1_500_000;

/** Everything is asked of each picture; else colours once more in the dark, and the layout where it is another. */
function rulesFor(width: (typeof WIDTHS)[number], theme: (typeof THEMES)[number]): RunOptions | undefined {
  if (HAS_PICTURES || (width === 375 && theme === 'light')) return {};
  if (width === 768 && theme === 'dark') return { runOnly: { type: 'rule', values: OF_COLOURS } };
  if (width === 1440 && theme === 'light') return { runOnly: { type: 'rule', values: OF_LAYOUT } };
  return undefined;
}

/** Those of one role after those of another: each time somebody else signs in the console is loaded again. */
function screensOf(area: Area): readonly ScreenShown[] {
  const screens = SCREENS.filter((one) => one.area === area && (ONLY?.includes(one.name) ?? true));
  const roles = [...new Set(screens.map(({ role }) => role))];
  return roles.flatMap((role) => screens.filter((one) => one.role === role));
}

/** Tests of the screens of an area. */
export function lookAt(area: Area): void {
  describe(`screens of ${area}`, { skip: whyNoBrowser() ?? false, timeout: SUITE_TIMEOUT_MS }, () => {
    let browser: Browser;
    let gateway: ConsoleGateway;
    let context: BrowserContext;
    let last: ScreenShown | undefined;
    before(async () => {
      mkdirSync(PICTURES, { recursive: true });
      [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
      context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
      context.setDefaultTimeout(PATIENCE_MS);
      // Of a draft, that it would be lost; no screen has another one.
      context.on('dialog', (dialog) => void dialog.accept());
    });
    after(async () => {
      await browser?.close();
      await gateway?.close();
    });

    for (const screen of screensOf(area)) {
      it(`shows ${screen.name} to everyone, on every screen, in both themes`, async () => {
        const page = await pageOf(context);
        const wrong = watchPage(page);
        await open(page, screen);
        const found: string[] = [];
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: width < 500 ? 812 : 900 });
          await painted(page);
          for (const theme of THEMES) {
            const rules = rulesFor(width, theme);
            if (rules === undefined) continue; // to draw it takes as long as to ask
            await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
            await painted(page);
            const violations = await findAxeViolations(page, rules);
            found.push(...violations.map((line) => `${width} ${theme}: ${line}`));
            const path = join(PICTURES, `${screen.name}-${width}-${theme}.png`);
            if (HAS_PICTURES) await page.screenshot({ path, fullPage: true, animations: 'disabled' });
          }
          if (width === 1440) {
            // To focus every word that explains a figure takes as long as all the rest.
            const meanings = await lookAtMeanings(page, { isFocused: HAS_PICTURES });
            found.push(...meanings.found);
          }
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (beyond > 0) found.push(`${width}: ${beyond} pixels wider than the window`);
        }
        const headings = await page.locator('h1').count();
        if (headings !== 1) found.push(`${headings} first headings`);
        assert.deepEqual([...found, ...wrong], []);
      });
    }

    async function becomes(role: ScreenShown['role']): Promise<void> {
      await context.clearCookies();
      if (role !== null) await signIn(context, gateway.url, gateway.keys[role]);
    }

    async function open(page: Page, screen: ScreenShown): Promise<void> {
      const { path, ready, before: spoil, act } = screen;
      const before = last;
      last = screen;
      if (before?.role !== screen.role) await becomes(screen.role);
      await spoil?.(page);
      // Unless the screen before was left in another state.
      const isAsFound = before?.role === screen.role && !(before.act ?? before.before ?? before.hasDraft);
      if (isAsFound && spoil === undefined) await goWithin(page, path);
      else await page.goto(`${gateway.url}${path}`);
      await page.locator('h1').waitFor();
      await page.locator('main').getByText(ready).first().waitFor();
      await act?.(page);
    }
  });
}
