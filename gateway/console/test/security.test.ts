// What a browser makes of the console where somebody means ill: a member who writes markup, a page of another origin in
// the same browser, another gateway on the same host, and whoever looks into the browser afterwards.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Role } from '@consilium/domain';
import { OpenIdProvider } from '@consilium/gateway/testing/openid-provider';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { goWithin, openBrowser, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { HostileSite } from '../testing/hostile-site.ts';
import { SCREENS, type ScreenShown } from '../testing/screens.ts';

/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;
const MARKUP =
  '<img src="x" class="taken" onerror="globalThis.taken=1"><script>globalThis.taken=1</script>' +
  '<a href="javascript:globalThis.taken=1" class="taken">x</a>\u202e{{constructor}}';
/** Fields that hold what people wrote. */
const WRITTEN =
  /^(title|question|reason|text|detail|sentence|description|person|person[A-Z]\w*|label|name|unit|note)$/;

/** The same answer with markup in every text that somebody may have written. */
function spoil(value: unknown, field = ''): unknown {
  if (typeof value === 'string') return WRITTEN.test(field) ? `${MARKUP} ${value}` : value;
  if (Array.isArray(value)) return value.map((one) => spoil(one, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoil(one, name)]));
}

/** What a page of the gateway was asked for, and how that was answered. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

describe('the console in a browser', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let other: ConsoleGateway;
  let hostile: HostileSite;
  before(async () => {
    [browser, gateway, other, hostile] = await Promise.all([
      openBrowser(),
      openConsoleGateway(),
      openConsoleGateway(),
      HostileSite.open(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([gateway?.close(), other?.close(), hostile?.close()]);
  });

  async function withPage(role: Role | null, work: (page: Page, context: BrowserContext) => Promise<void>) {
    const context = await browser.newContext({ locale: 'en-GB' });
    context.setDefaultTimeout(PATIENCE_MS);
    try {
      if (role !== null) await signIn(context, gateway.url, gateway.keys[role]);
      await work(await context.newPage(), context);
    } finally {
      // An answer that is on its way yet is nobody's any more.
      for (const page of context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
    }
  }
  /** Answers of the gateway to this page, from now on. */
  function watchAnswers(page: Page): Seen[] {
    const seen: Seen[] = [];
    page.on('response', (response) => {
      const url = new URL(response.url());
      if (url.origin !== gateway.url) return;
      seen.push({ method: response.request().method(), path: url.pathname, status: response.status() });
    });
    return seen;
  }

  it('keeps the key that somebody signs in with nowhere: not in storage, an address, or what scripts can read', async () => {
    await withPage(null, async (page, context) => {
      const wrong = watchPage(page);
      const addresses: string[] = [];
      page.on('request', (request) => addresses.push(request.url()));
      await page.goto(`${gateway.url}/console/studies`);
      await page.locator('input[type=password]').fill(gateway.keys.steward);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor();
      const kept = await page.evaluate(async () => ({
        cookie: document.cookie,
        storage: JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]),
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        page: document.documentElement.outerHTML,
        workers: (await navigator.serviceWorker.getRegistrations()).length,
        values: [...document.querySelectorAll('input')].map(({ value }) => value).join(),
      }));
      const [cookie, ...more] = await context.cookies();
      assert.equal(more.length, 0);
      assert.deepEqual(
        [cookie!.httpOnly, cookie!.sameSite, cookie!.path, cookie!.expires],
        [true, 'Strict', '/', -1],
      );
      assert.match(cookie!.name, /^consilium-session-AlphaMSP-\d+$/);
      assert.deepEqual([kept.cookie, kept.databases, kept.caches, kept.workers], ['', 0, 0, 0]);
      for (const secret of [gateway.keys.steward, cookie!.value]) {
        for (const text of [kept.storage, kept.page, kept.values, ...addresses])
          assert.ok(!text.includes(secret));
      }
      assert.deepEqual(wrong, []);
    });
  });

  it('keeps no answer in the browser, and shows nothing any more after signing out', async () => {
    await withPage('auditor', async (page) => {
      const terms: string[] = [];
      page.on('response', (response) => {
        if (response.url().startsWith(`${gateway.url}/v1/`))
          terms.push(String(response.headers()['cache-control']));
      });
      await page.goto(`${gateway.url}/console/`);
      await page.getByText('Held-out').first().waitFor();
      assert.ok(terms.length > 0);
      assert.deepEqual([...new Set(terms)], ['no-store']);
      await page.evaluate(() =>
        fetch('/console/session', { method: 'DELETE', headers: { 'x-consilium-console': '1' } }),
      );
      await page.goto(`${gateway.url}/console/studies`);
      await page.locator('input[type=password]').waitFor();
      await page.goBack();
      await page.locator('input[type=password]').waitFor();
    });
  });

  it('runs no script and takes no style that is not a file of the gateway, and loads and sends nothing elsewhere', async () => {
    await withPage('auditor', async (page) => {
      const elsewhere = hostile.origin('localhost');
      await page.goto(`${gateway.url}/console/`);
      await page.getByText('Held-out').first().waitFor();
      const before = hostile.asked.length;
      await page.evaluate(async (origin) => {
        const directives = new Set<string>();
        Object.assign(globalThis, { directives });
        document.addEventListener('securitypolicyviolation', (event) =>
          directives.add(event.effectiveDirective),
        );
        const add = <Name extends keyof HTMLElementTagNameMap>(name: Name, more: object) =>
          document.body.append(Object.assign(document.createElement(name), more));
        add('script', { textContent: 'globalThis.ran = "inline"' });
        add('script', { src: `${origin}/script.js` });
        add('script', { src: 'data:text/javascript,globalThis.ran="data"' });
        add('style', { textContent: 'body { outline: 7px solid red }' });
        add('link', { rel: 'stylesheet', href: `${origin}/style.css` });
        add('img', { src: `${origin}/picture.png` });
        add('iframe', { src: `${origin}/frame` });
        add('object', { data: `${origin}/object` });
        add('base', { href: origin });
        const box = document.createElement('div');
        box.innerHTML =
          '<img src="/console/mark.svg" onload="globalThis.ran=\'attribute\'"><p style="color:red">x</p>';
        document.body.append(box);
        const form = Object.assign(document.createElement('form'), {
          action: `${origin}/form`,
          method: 'post',
        });
        document.body.append(form);
        form.submit();
        await fetch(`${origin}/fetch`, { mode: 'no-cors' }).catch(() => {});
        navigator.sendBeacon(`${origin}/beacon`, 'x');
        try {
          new Worker(URL.createObjectURL(new Blob(['postMessage(1)'])));
        } catch {
          // Refused at once.
        }
      }, elsewhere);
      const expected = [
        ...[
          'script-src-elem',
          'script-src-attr',
          'style-src-elem',
          'style-src-attr',
          'img-src',
          'connect-src',
        ],
        ...['frame-src', 'base-uri', 'form-action', 'worker-src'],
      ];
      // All are said, if late.
      for (const directive of expected) {
        await page.waitForFunction(
          (one) => (globalThis as unknown as { directives: Set<string> }).directives.has(one),
          directive,
        );
      }
      const { ran, outline } = await page.evaluate(() => ({
        ran: (globalThis as { ran?: string }).ran,
        outline: getComputedStyle(document.body).outlineWidth,
      }));
      assert.equal(ran, undefined);
      assert.notEqual(outline, '7px');
      assert.deepEqual(hostile.asked.slice(before), []);
    });
  });

  it('shows markup that a member wrote as the text that it is', async () => {
    await withPage('steward', async (page) => {
      const wrong = watchPage(page);
      page.on('dialog', (dialog) => {
        wrong.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      for (const [path, text] of [
        ['/console/administration/members', '<img src=x onerror='],
        ['/console/', 'Held-out'],
        ['/console/studies', 'Studies'],
      ] as const) {
        await page.goto(`${gateway.url}${path}`);
        await page.getByText(text).first().waitFor();
        const found = await page.evaluate(() => ({
          title: document.title,
          marks: document.querySelectorAll('main img[src=x], main script, main b b').length,
        }));
        assert.notEqual(found.title, '1');
        assert.equal(found.marks, 0, path);
      }
      assert.deepEqual(wrong, []);
    });
  });

  it('shows markup in any text of any answer as text, on every screen', async () => {
    const wrong: string[] = [];
    let shown = 0;
    const screens = new Map(
      SCREENS.filter((one) => one.role !== null && one.before === undefined).map((one) => [one.path, one]),
    );
    await withPage(null, async (page, context) => {
      page.on('dialog', (dialog) => {
        // The page's own: that what was written would be lost.
        if (dialog.type() === 'beforeunload') return void dialog.accept();
        wrong.push('a dialog');
        return void dialog.dismiss();
      });
      for (const role of new Set([...screens.values()].map((one) => one.role!))) {
        await context.clearCookies();
        await signIn(context, gateway.url, gateway.keys[role]);
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        let spoiled = 0;
        await page.route(/\/v1\/(?!events)/, async (route) => {
          const answer = await route.fetch();
          if (!/json/.test(answer.headers()['content-type'] ?? ''))
            return route.fulfill({ response: answer });
          spoiled += 1;
          return route.fulfill({ response: answer, json: spoil(await answer.json()) });
        });
        let last: ScreenShown | undefined;
        let before = '';
        for (const screen of [...screens.values()].filter((one) => one.role === role)) {
          const { path } = screen;
          // A draft would be asked for before another one replaces it.
          const isLoaded = last === undefined || last.hasDraft === true;
          if (isLoaded) await page.goto(`${gateway.url}${path}`);
          else await goWithin(page, path);
          last = screen;
          await page.locator('h1').waitFor();
          await page.waitForFunction(
            (was) => document.querySelector('[aria-busy=true]') === null && document.body.innerText !== was,
            before,
          );
          const { text, ...found } = await page.evaluate(() => ({
            taken: (globalThis as { taken?: unknown }).taken,
            text: document.body.innerText,
            isShown: document.body.innerText.includes('class="taken"'),
            made: document.querySelectorAll('.taken, img[src="x"], main script, main iframe').length,
            links: [...document.querySelectorAll('a')].filter(({ protocol }) => !/^https?:$/.test(protocol))
              .length,
          }));
          before = text;
          if (found.isShown) shown += 1;
          if (found.taken !== undefined || found.made > 0 || found.links > 0)
            wrong.push(`${path}: ${JSON.stringify(found)}`);
        }
        assert.ok(spoiled > 3, `${role}: ${spoiled}`);
      }
    });
    assert.deepEqual(wrong, []);
    assert.ok(shown >= screens.size / 2, `${shown} of ${screens.size} screens show such a text`);
  });

  it('does nothing that a page of another origin asks for, on another port of its host or elsewhere', async () => {
    const { origin } = new URL(gateway.url);
    const attack = `<form id=form method=post action="${origin}/v1/webhooks" target=sink enctype="text/plain">
      <input name='{"url":"https://evil.example/","x":"' value='"}'></form>
      <form id=key method=post action="${origin}/console/session" target=sink><input name=apiKey value=x></form>
      <iframe name=sink></iframe><img src="${origin}/v1/members"><script src="${origin}/v1/members"></script>
      <script>
        const ask = (path, options) => fetch('${origin}' + path, { credentials: 'include', ...options })
          .then((answer) => answer.text()).catch(() => 'refused');
        const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
        globalThis.done = (async () => {
          document.getElementById('form').submit();
          document.getElementById('key').submit();
          return Promise.all([
            ask('/v1/members', {}),
            ask('/v1/members', { mode: 'no-cors' }),
            ask('/v1/events', { mode: 'no-cors' }),
            ask('/v1/webhooks', { method: 'POST', mode: 'no-cors', body: '{"url":"https://evil.example/"}' }),
            ask('/v1/webhooks', json),
            ask('/v1/webhooks', { ...json, headers: { ...json.headers, 'x-consilium-console': '1' } }),
            ask('/console/session', { method: 'DELETE' }),
            ask('/console/session', {}),
            ask('/console/session', { method: 'POST', mode: 'no-cors', body: '{"apiKey":"x"}' }),
          ]);
        })();
      </script>`;
    const { sameSite, crossSite } = hostile.show('/attack', attack);
    for (const address of [sameSite, crossSite]) {
      await withPage('operator', async (page, context) => {
        const seen = watchAnswers(page);
        await page.goto(address);
        const read = (await page.evaluate('globalThis.done')) as string[];
        await page.waitForLoadState('networkidle');
        const tried = new Set(seen.map(({ method, path }) => `${method} ${path}`));
        assert.deepEqual([...tried].toSorted(), [
          ...['GET /v1/events', 'GET /v1/members', 'POST /console/session', 'POST /v1/webhooks'],
        ]);
        assert.deepEqual(
          seen.filter(
            ({ status, path, method }) => status < 300 && !(path === '/console/session' && method === 'GET'),
          ),
          [],
          address,
        );
        // What came back is opaque, or was not given to the page.
        assert.deepEqual([...new Set(read)].toSorted(), ['', 'refused']);
        const answer = await context.request.get(`${gateway.url}/console/session`, {
          headers: { 'sec-fetch-site': 'same-origin' },
        });
        assert.equal((await answer.json()).signedIn, true, 'nobody was signed out');
        const webhooks = await context.request.get(`${gateway.url}/v1/webhooks`, {
          headers: { 'sec-fetch-site': 'same-origin' },
        });
        const { items } = (await webhooks.json()) as { items: { url: string }[] };
        assert.ok(!items.some(({ url }) => url.includes('evil.example')));
      });
    }
    // Browsers take ports of one host for one site: the cookie came along, and was not enough.
    assert.ok(
      hostile.asked.some(({ path, cookie }) => path === '/attack' && cookie?.includes('consilium-session')),
    );
  });

  it('is in no frame of another page', async () => {
    const { sameSite } = hostile.show(
      '/frame-it',
      `<iframe id=framed src="${gateway.url}/console/"></iframe>`,
    );
    await withPage('steward', async (page) => {
      await page.goto(sameSite);
      await page.waitForLoadState('networkidle');
      const frames = page.frames().map((frame) => frame.url());
      assert.ok(!frames.some((url) => url.startsWith(gateway.url)), frames.join());
    });
  });

  it('has sessions of several gateways of one host side by side, each of its own', async () => {
    await withPage('steward', async (page, context) => {
      await signIn(context, other.url, other.keys.auditor);
      assert.equal((await context.cookies()).length, 2);
      const roleAt = async ({ url }: ConsoleGateway) => {
        await page.goto(`${url}/console/`);
        return page.evaluate(async () => (await (await fetch('/console/session')).json()).role ?? null);
      };
      assert.deepEqual([await roleAt(gateway), await roleAt(other)], ['steward', 'auditor']);
      await page.evaluate(() =>
        fetch('/console/session', { method: 'DELETE', headers: { 'x-consilium-console': '1' } }),
      );
      assert.deepEqual([await roleAt(gateway), await roleAt(other)], ['steward', null]);
    });
  });

  it('signs in at a provider of another site, and comes back to the page that was asked for', async (t) => {
    const provider = await OpenIdProvider.start('localhost');
    t.after(() => provider.close());
    provider.claims = { roles: ['audit'] };
    const own = await openConsoleGateway({ tokens: provider.accessTokens() });
    t.after(() => own.close());
    provider.redirectUri = `${own.url}/console/signed-in`;
    await provider.rotate(provider.key);
    await withPage(null, async (page, context) => {
      await page.goto(`${own.url}/console/studies`);
      await page.getByRole('link', { name: /account/i }).click();
      await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor();
      assert.equal(page.url(), `${own.url}/console/studies`);
      const names = (await context.cookies(own.url)).map(({ name }) => name.replace(/-AlphaMSP.*/, ''));
      assert.ok(names.includes('consilium-session') && !names.includes('consilium-sign-in'), names.join());
    });
  });
});
