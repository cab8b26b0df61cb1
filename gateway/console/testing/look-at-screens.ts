// Every screen, in both themes and three widths: nothing that axe finds wrong, nothing wider than the window, no
// error and nothing that the content-security policy had to refuse. A picture of each is left in out/console/.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { findAxeViolations, openBrowser, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { SCREENS, type ScreenShown } from '../testing/screens.ts';

const PICTURES = join(import.meta.dirname, '../../../../out/console');
const WIDTHS = [375, 768, 1440] as const;
const THEMES = ['light', 'dark'] as const;
/** What another width or theme can change: the rest of axe's rules are asked once for each screen. */
const OF_LOOKS = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'];
/** Some screens only, while one works on them. */
const ONLY = process.env.SCREENS?.split(',');

/** Two pictures later: colours have changed, and so have those that change over a moment. */
const painted = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

describe('the console', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  for (const screen of SCREENS.filter(({ name }) => ONLY?.includes(name) ?? true)) {
    it(`shows ${screen.name} to everyone, on every screen, in both themes`, async () => {
      const context = await browser.newContext({
        locale: 'en-GB',
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      });
      try {
        if (screen.role !== null) await signIn(context, gateway.url, gateway.keys[screen.role]);
        const page = await context.newPage();
        const wrong = watchPage(page);
        await open(page, screen);
        const found: string[] = [];
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: width < 500 ? 812 : 900 });
          for (const theme of THEMES) {
            await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
            await painted(page);
            const isFirst = width === WIDTHS[0] && theme === THEMES[0];
            const rules = isFirst ? {} : { runOnly: { type: 'rule' as const, values: OF_LOOKS } };
            const violations = await findAxeViolations(page, rules);
            found.push(...violations.map((line) => `${width} ${theme}: ${line}`));
            const path = join(PICTURES, `${screen.name}-${width}-${theme}.png`);
            await page.screenshot({ path, fullPage: true, animations: 'disabled' });
          }
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (beyond > 0) found.push(`${width}: ${beyond} pixels wider than the window`);
        }
        const headings = await page.locator('h1').count();
        if (headings !== 1) found.push(`${headings} first headings`);
        assert.deepEqual([...found, ...wrong], []);
      } finally {
        await context.close();
      }
    });
  }

  async function open(page: Page, { path, ready, before: spoil, act }: ScreenShown): Promise<void> {
    await spoil?.(page);
    await page.goto(`${gateway.url}${path}`);
    await page.getByText(ready).first().waitFor();
    await act?.(page);
  }
});
