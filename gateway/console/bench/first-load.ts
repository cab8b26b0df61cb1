// How much of the console a browser loads first, and how soon it can be used, over a gateway of this machine. Prints
// JSON lines: each chunk with its size as it travels, the first load of the overview, and times of RUNS (default 5)
// visits with an empty cache. Wall time says little on a busy machine: look at the time of scripts beside it.
import { globSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { openBrowser, signIn, whyNoBrowser } from '../testing/browser.ts';
import { openConsoleGateway, SITE } from '../testing/console-gateway.ts';

const RUNS = Number(process.env.RUNS ?? 5);
const say = (line: object) => console.log(JSON.stringify({ bench: 'console-first-load', ...line }));

/** What a visit measured; times in milliseconds since the navigation began. */
interface Visit {
  readonly headingMs: number;
  readonly figuresMs: number;
  /** Of the main thread, for scripts of the page. */
  readonly scriptMs: number;
  readonly layoutMs: number;
  readonly bytes: Readonly<Record<string, number>>;
}

for (const file of globSync('assets/*.{js,css}', { cwd: SITE }).sort()) {
  const { size: brotli } = statSync(join(SITE, `${file}.br`));
  say({ chunk: basename(file).replace(/-[\w-]{8}\./, '.'), bytes: statSync(join(SITE, file)).size, brotli });
}

async function visit(browser: Browser, url: string, apiKey: string): Promise<Visit> {
  const context = await browser.newContext();
  try {
    await signIn(context, url, apiKey);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable');
    await page.addInitScript(() => {
      const seen: Record<string, number> = {};
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        if (document.querySelector('main h1') !== null) seen.heading ??= performance.now();
        // Of a gauge: the answers of the gateway are there.
        if (document.querySelector('main dl') !== null) seen.figures ??= performance.now();
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${url}/console/`);
    await page.waitForFunction(() => (globalThis as unknown as { seen: { figures?: number } }).seen.figures);
    return await measured(page, session);
  } finally {
    await context.close();
  }
}

async function measured(page: Page, session: CDPSession): Promise<Visit> {
  const { metrics } = await session.send('Performance.getMetrics');
  const seconds = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  const { seen, bytes } = await page.evaluate(() => {
    const sums: Record<string, number> = {};
    for (const entry of performance.getEntriesByType('resource') as PerformanceResourceTiming[]) {
      const kind = /\.(js|css)$/.exec(new URL(entry.name).pathname)?.[1];
      if (kind !== undefined) sums[kind] = (sums[kind] ?? 0) + entry.encodedBodySize;
    }
    return { seen: (globalThis as unknown as { seen: Record<string, number> }).seen, bytes: sums };
  });
  return {
    headingMs: seen.heading ?? Number.NaN,
    figuresMs: seen.figures ?? Number.NaN,
    scriptMs: seconds('ScriptDuration') * 1000,
    layoutMs: (seconds('LayoutDuration') + seconds('RecalcStyleDuration')) * 1000,
    bytes,
  };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const missing = whyNoBrowser();
if (missing !== undefined) say({ notRun: missing });
else {
  const [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
  try {
    const visits: Visit[] = [];
    for (let run = 0; run < RUNS; run += 1)
      visits.push(await visit(browser, gateway.url, gateway.keys.steward));
    const { js = 0, css = 0 } = visits[0]!.bytes;
    say({
      firstLoad: 'overview',
      scriptKiB: Math.round(js / 102.4) / 10,
      styleKiB: Math.round(css / 102.4) / 10,
    });
    for (const name of ['headingMs', 'figuresMs', 'scriptMs', 'layoutMs'] as const) {
      const values = visits.map((one) => one[name]);
      say({ runs: RUNS, [name]: Math.round(median(values)), least: Math.round(Math.min(...values)) });
    }
  } finally {
    await browser.close();
    await gateway.close();
  }
}
