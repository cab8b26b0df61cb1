// What the screens of a study and of a consent show when an answer is empty, late, refused or does not come, and that
// what a steward wrote is neither lost nor sent twice when a connection breaks.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Role, studyDigest } from '@consilium/domain';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { openBrowser, pageOf, signIn, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';

const STROKE = '/console/studies/stroke/consent/nordlund-emergency';

describe('a study and its consent', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  const signedIn = new Map<Role, BrowserContext>();
  async function contextOf(role: Role): Promise<BrowserContext> {
    const known = signedIn.get(role);
    if (known !== undefined) return known;
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    await signIn(context, gateway.url, gateway.keys[role]);
    signedIn.set(role, context);
    return context;
  }
  /** Loads a page as somebody, with its requests spoilt first. */
  async function see(
    {
      path,
      role = 'steward',
      spoil,
    }: { path: string; role?: Role; spoil?: (page: Page) => Promise<unknown> },
    look: (page: Page) => Promise<unknown>,
  ): Promise<void> {
    const page = await pageOf(await contextOf(role));
    page.setDefaultTimeout(120_000);
    await spoil?.(page);
    await page.goto(`${gateway.url}${path}`);
    await look(page);
  }

  const shown = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

  it('says that no study is like the filters, and takes them away again', async () => {
    const empty = (route: Route) => route.fulfill({ json: { items: [] } });
    await see(
      { path: '/console/studies', spoil: (page) => page.route(/\/v1\/studies(\?|$)/, empty) },
      async (page) => {
        await shown(page, 'No study here');
        await shown(page, 'Nobody has proposed a study yet');
      },
    );
  });

  it('says what the gateway refused with the number of the request, and asks again', async () => {
    const problem = {
      type: 'urn:consilium:problem:LEDGER_UNAVAILABLE',
      title: 'The ledger does not answer.',
      status: 503,
      detail: 'The peer did not answer in time.',
      code: 'LEDGER_UNAVAILABLE',
      requestId: 'q-42',
    };
    let isBroken = true;
    const refuse = (route: Route) =>
      isBroken
        ? route.fulfill({ status: 503, contentType: 'application/problem+json', json: problem })
        : route.fallback();
    await see(
      { path: '/console/studies/heart', spoil: (page) => page.route(/\/v1\/studies\/heart$/, refuse) },
      async (page) => {
        await shown(page, 'The ledger does not answer.');
        await shown(page, 'Request q-42');
        isBroken = false;
        await page.getByRole('button', { name: 'Try again' }).first().click();
        await shown(page, 'Which patients who are sent for an angiography');
      },
    );
  });

  it('says that the gateway does not answer, and that there is no such study', async () => {
    const spoil = (page: Page) => page.route(/\/v1\/studies\/heart$/, (route) => route.abort());
    await see({ path: '/console/studies/heart', spoil }, (page) =>
      shown(page, 'The gateway does not answer'),
    );
    await see({ path: '/console/studies/none' }, (page) => shown(page, 'The ledger has no such entry'));
  });

  it('says that a role may not see it, and shows nobody what they may not do', async () => {
    const forbidden = (route: Route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        json: {
          type: 'about:blank',
          title: 'No',
          status: 403,
          detail: 'No',
          code: 'SCOPE_REQUIRED',
          requestId: '',
        },
      });
    await see(
      { path: '/console/studies/heart', spoil: (page) => page.route(/\/v1\/studies\/heart$/, forbidden) },
      (page) => shown(page, 'Your role may not see this'),
    );
    await see({ path: STROKE, role: 'auditor' }, async (page) => {
      await shown(page, 'To consent or refuse takes a steward');
      assert.equal(await page.getByRole('button', { name: 'Consent', exact: true }).count(), 0);
      assert.equal(await page.getByRole('button', { name: 'Refuse', exact: true }).count(), 0);
    });
    await see({ path: '/console/studies/stroke/consent/rhein' }, (page) =>
      shown(page, 'This dataset is another hospital'),
    );
  });

  it('shows a study’s markup as text', async () => {
    await see({ path: '/console/studies/kidney' }, async (page) => {
      await page.getByRole('heading', { level: 1, name: /<script>document.title/ }).waitFor();
      await page.waitForFunction(() =>
        document.title.startsWith('<script>document.title = "taken"</script> Kidney function · '),
      );
    });
  });

  it('moves through the verdicts by arrow keys, and says what each means', async () => {
    await see({ path: '/console/studies/heart' }, async (page) => {
      const grid = page.getByRole('grid');
      await grid.waitFor();
      await grid.getByRole('gridcell').first().focus();
      for (const key of ['ArrowDown', 'End', 'ArrowDown', 'ArrowDown', 'Home'])
        await page.keyboard.press(key);
      assert.equal(await grid.locator('td[tabindex="0"]').count(), 1, 'one cell is reached by Tab');
      await shown(page, /rejects the update of .*: it is larger than the study allows/);
    });
  });

  it('wants a kind and a reason for a refusal, and keeps what was written while no answer comes', async () => {
    const sent: string[] = [];
    let isCut = true;
    const cut = async (route: Route) => {
      sent.push(route.request().headers()['idempotency-key'] ?? '');
      if (isCut) await route.abort();
      else await route.fallback();
    };
    await see(
      { path: STROKE, spoil: (page) => page.route(/\/nordlund-emergency\/decline$/, cut) },
      async (page) => {
        await page.getByRole('button', { name: 'Refuse', exact: true }).click();
        const dialog = page.getByRole('dialog');
        const refuse = dialog.getByRole('button', { name: 'Refuse' });
        await refuse.click();
        await dialog.getByText('Say why.').waitFor();
        await dialog.getByText('Choose one.').waitFor();
        assert.deepEqual(sent, [], 'nothing was sent');
        await dialog.getByRole('button', { name: /What kind of reason/ }).click();
        await page.getByRole('option', { name: 'Ethics' }).click();
        await dialog.getByRole('textbox').fill('The board meets on Monday.');
        await refuse.click();
        await dialog.getByText('The gateway does not answer').waitFor();
        assert.equal(await dialog.getByRole('textbox').inputValue(), 'The board meets on Monday.');
        isCut = false;
        await refuse.click();
        await shown(page, 'The refusal is on the ledger.');
        await shown(page, 'The board meets on Monday.');
        assert.equal(new Set(sent).size, 1, 'each attempt had the same key');
        assert.notEqual(sent[0], '');
      },
    );
  });

  it('sends with a consent the digest that was read: of a text that is another by then it is refused', async () => {
    const bodies: { studySha256?: string; blocks?: number[] }[] = [];
    const changed = async (route: Route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      bodies.push(route.request().postDataJSON());
      const json = {
        type: 'urn:consilium:problem:STUDY_CHANGED',
        title: 'The text of the study is another.',
        status: 409,
        detail: 'text 2 of study stroke is another',
        code: 'STUDY_CHANGED',
        requestId: 'q-43',
      };
      await route.fulfill({ status: 409, contentType: 'application/problem+json', json });
    };
    await see({ path: STROKE, spoil: (page) => page.route(/\/stroke\/consents$/, changed) }, async (page) => {
      await page.getByRole('button', { name: 'Consent', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Consent' }).click();
      await dialog.getByText('The text of the study is another.').waitFor();
      assert.match(bodies[0]?.studySha256 ?? '', /^[0-9a-f]{64}$/);
      assert.deepEqual(bodies[0]?.blocks, [1]);
    });
  });

  it('consents to no text that replaced the one that was read, until the steward says that it was read too', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    let title: string | undefined;
    let digest = '';
    const sent: string[] = [];
    const amended = async (route: Route, change: () => object) => {
      if (title === undefined || route.request().method() !== 'GET') return route.fallback();
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), ...change() } });
    };
    const spoil = async (page: Page) => {
      await page.route(/\/v1\/studies\/stroke$/, (route) => amended(route, () => ({ title })));
      await page.route(/\/nordlund-emergency\/quote/, (route) =>
        amended(route, () => ({ studySha256: digest })),
      );
      await page.route(/\/stroke\/consents$/, async (route) => {
        if (route.request().method() !== 'POST') return route.fallback();
        sent.push(route.request().postDataJSON().studySha256);
        const study = (await gateway.as('steward', { url: '/v1/studies/stroke' })).json();
        title = 'Another title';
        digest = studyDigest({ ...study, title }, sha256);
        await route.abort();
      });
    };
    await see({ path: STROKE, spoil }, async (page) => {
      const consent = page.getByRole('button', { name: 'Consent', exact: true });
      await consent.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Consent' }).click();
      await shown(page, 'The text has changed while this page was open');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(await consent.count(), 0);
      await page.getByRole('button', { name: 'I have read the present text' }).click();
      await consent.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Consent' }).click();
      await page.getByRole('dialog').getByText('The gateway does not answer').waitFor();
      assert.equal(sent.at(-1), digest);
      assert.notEqual(sent[0], digest);
    });
  });

  it('claims of a vote for more rounds what they cost composed, the same from both screens that have it', async () => {
    const rounds = 9;
    const amended = (motion: object) => ({ ...motion, amendment: { rounds } });
    const claimed: unknown[] = [];
    const spoil = async (page: Page) => {
      await page.route(/\/v1\/studies\/sepsis\/motions/, async (route) => {
        if (route.request().method() === 'POST') {
          claimed.push(route.request().postDataJSON());
          return route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{}' });
        }
        const response = await route.fetch();
        const { items, motion, ...rest } = await response.json();
        const json =
          items === undefined ? { motion: amended(motion), ...rest } : { items: items.map(amended), ...rest };
        return route.fulfill({ response, json });
      });
    };
    const vote = async (page: Page, name: string) => {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').getByRole('alert').waitFor();
    };
    await see({ path: '/console/studies/sepsis?part=decisions', spoil }, (page) => vote(page, 'Vote for it'));
    await see({ path: '/console/administration/motions', spoil }, (page) => vote(page, 'Accept'));
    const [first, second] = claimed as { accept: boolean; claims: readonly { datasetId: string }[] }[];
    assert.equal(claimed.length, 2);
    assert.deepEqual(
      first?.claims.map(({ datasetId }) => datasetId),
      ['nordlund-emergency'],
    );
    assert.deepEqual(second, first);
  });
});
