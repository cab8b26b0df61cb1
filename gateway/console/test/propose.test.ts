// A study is proposed by clicks: what the form says before anything is sent, what it costs, that nothing is lost or
// sent twice when a connection breaks, and what neither a file nor an address can make it do.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Role } from '@consilium/domain';
import { studyArgument } from '@consilium/domain/testing/examples';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { openBrowser, pageOf, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { answerJson } from '../testing/spoiled-answers.ts';

/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;
const MARKUP = '<img src=x class="taken" onerror="globalThis.taken=1">';
const { model: BUILT, ...TEXT } = studyArgument({ studyId: 'from-file', datasets: ['rhein'] });

describe('a study is proposed', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  interface Look {
    readonly path?: string;
    readonly role?: Role;
    readonly spoil?: (page: Page) => Promise<unknown>;
    /** In a browser of its own, where it ends the session. */
    readonly isApart?: true;
  }
  const signedIn = new Map<Role, BrowserContext>();
  /** What is written lives in a page, and is lost where it is loaded again. */
  async function contextOf(role: Role, isApart: boolean): Promise<BrowserContext> {
    const known = signedIn.get(role);
    if (known !== undefined && !isApart) return known;
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS);
    await signIn(context, gateway.url, gateway.keys[role]);
    if (!isApart) signedIn.set(role, context);
    return context;
  }
  /** Loads the form into a page in which nothing may go wrong that is not said. */
  async function see(
    { path = '/console/propose', role = 'researcher', spoil, isApart }: Look,
    look: (page: Page) => Promise<unknown>,
  ): Promise<void> {
    const context = await contextOf(role, isApart === true);
    const page = await pageOf(context);
    try {
      const wrong = watchPage(page);
      await spoil?.(page);
      await page.goto(`${gateway.url}${path}`);
      await look(page);
      assert.deepEqual(wrong, []);
    } finally {
      if (isApart) await context.close();
    }
  }
  const build = (page: Page) => answerJson(page, '**/v1/local/models', BUILT);
  const shown = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
  const field = (page: Page, name: string) => page.getByLabel(name, { exact: true });
  const goOn = (page: Page) => page.getByRole('button', { name: 'Read it before it is sent' }).click();
  const isRead = (page: Page) =>
    page.getByRole('heading', { level: 1, name: 'Read it before it is sent' }).waitFor();
  const sendButton = (page: Page) => page.getByRole('button', { name: 'Propose the study', exact: true });
  const wait = async (page: Page, text: string) => {
    await field(page, 'Title').waitFor();
    await shown(page, text);
  };
  const choosePurpose = async (page: Page) => {
    await page.locator('#at-purpose').getByRole('button').click();
    await page.getByRole('option', { name: /Disease-specific research/ }).click();
  };
  const fillIn = async (page: Page, title: string) => {
    await field(page, 'Title').fill(title);
    await field(page, 'Question').fill('Which patients come back within a month?');
    await choosePurpose(page);
    for (const name of [/Cardiology register/, /Herzkatheterlabor/, /Registre/]) {
      await page.getByRole('checkbox', { name }).check({ force: true });
    }
  };
  const giveFile = (page: Page, name: string, text: string) =>
    page
      .getByLabel("A study's file", { exact: true })
      .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  const studyOnLedger = async (studyId: string) => gateway.as('auditor', { url: `/v1/studies/${studyId}` });

  it('says what is missing beside each field, sends nothing, then shows the cost move and sends what was read', async () => {
    const sent: string[] = [];
    const spoil = async (page: Page) => {
      await build(page);
      page.on('request', (request) => {
        if (request.method() !== 'GET') sent.push(new URL(request.url()).pathname);
      });
    };
    await see({ path: '/console/studies', spoil }, async (page) => {
      await page.getByRole('link', { name: 'Propose a study' }).click();
      await shown(page, 'Herzkatheterlabor');
      await goOn(page);
      await shown(page, 'Choose one dataset at least.');
      assert.equal(await field(page, 'Title').getAttribute('aria-invalid'), 'true');
      assert.deepEqual(sent, []);
      await fillIn(page, 'Who comes back');
      const least = page
        .getByText('Rounds that fit everywhere')
        .locator('..')
        .locator('..')
        .locator('dd')
        .first();
      await least.waitFor();
      await page.getByText('One round', { exact: true }).nth(2).waitFor();
      const before = Number(await least.innerText());
      await field(page, 'Noise in training').fill('20');
      await page.waitForFunction(
        ([name, was]) => {
          const said = [...document.querySelectorAll('dt')].find((one) => one.textContent === name);
          const now = said?.nextElementSibling?.textContent ?? '';
          return now !== '' && now !== was;
        },
        ['Rounds that fit everywhere', String(before)],
      );
      assert.ok(Number(await least.innerText()) > before, 'more noise, more rounds');
      await field(page, 'Least accuracy').fill('0,5');
      await goOn(page);
      await shown(page, 'Write a number such as 0.5');
      await field(page, 'Least accuracy').fill('0.55');
      await goOn(page);
      await isRead(page);
      await shown(page, 'Which patients come back within a month?');
      await shown(page, /influence is bounded/);
      assert.deepEqual(sent, ['/v1/local/models'], 'only the model was built');
      await sendButton(page).click();
      await page.getByRole('heading', { level: 1, name: 'Who comes back' }).waitFor();
      assert.match(page.url(), /\/console\/studies\/who-comes-back$/);
    });
    const { statusCode, ...answer } = await studyOnLedger('who-comes-back');
    assert.equal(statusCode, 200);
    const study = answer.json();
    assert.deepEqual(
      [study.training.noiseMultiplier, study.validation.minimum, study.quorum, study.model, study.requester],
      ['20', '0.55', { updates: 2, validators: 2 }, BUILT, 'AlphaMSP'],
    );
    assert.deepEqual(study.datasets, ['nordlund-cardiology', 'rhein', 'saint-luc']);
  });

  it('quotes before the proposal what the steward is quoted after it', async () => {
    let quoted = '';
    await see({ path: '/console/propose?like=lung' }, async (page) => {
      await shown(page, /^Taken from/);
      await field(page, 'Id').fill('quoted-study');
      await shown(page, 'Rounds that fit everywhere');
      await goOn(page);
      await isRead(page);
      const own = page
        .getByRole('listitem')
        .filter({ hasText: 'Cardiology register' })
        .filter({ hasText: 'One round' });
      await own.getByText('Rounds that fit').waitFor();
      quoted = await own.innerText();
      await sendButton(page).click();
      await page.getByRole('tab', { name: 'Costs' }).waitFor();
    });
    const answer = await gateway.as('steward', {
      url: '/v1/studies/quoted-study/consents/nordlund-cardiology/quote',
    });
    assert.equal(answer.statusCode, 200, answer.body);
    const { claimedEpsilon, claimedEpsilonPerRound, left, fits } = answer.json();
    assert.equal(fits, true);
    const { formatEpsilon } = await import('../src/format/privacy.ts');
    for (const cost of [claimedEpsilon, claimedEpsilonPerRound]) {
      for (const part of [cost.training, cost.heldOut])
        assert.ok(quoted.includes(formatEpsilon(part)), `${part}: ${quoted}`);
    }
    assert.ok(quoted.includes(formatEpsilon(left.training, 'down')));
  });

  it('keeps all that was written while no answer comes, and sends the same once', async () => {
    const keys: string[] = [];
    let isCut = true;
    const cut = async (route: Route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      return isCut ? route.abort('connectionreset') : route.fallback();
    };
    const spoil = async (page: Page) => {
      await build(page);
      await page.route(/\/v1\/studies$/, cut);
    };
    await see({ spoil }, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      await fillIn(page, 'A study over a broken line');
      await goOn(page);
      await isRead(page);
      await sendButton(page).click();
      await shown(page, 'The gateway does not answer');
      await page.getByRole('button', { name: 'Back to the form' }).click();
      assert.equal(await field(page, 'Title').inputValue(), 'A study over a broken line');
      await goOn(page);
      await isRead(page);
      isCut = false;
      await sendButton(page).click();
      await page.getByRole('heading', { level: 1, name: 'A study over a broken line' }).waitFor();
      assert.equal(new Set(keys).size, 1, 'every attempt had the same key');
      assert.notEqual(keys[0], '');
    });
  });

  it('says what the ledger refuses beside the field, and the trainer’s refusal beside the model', async () => {
    const taken = {
      ...{
        type: 'about:blank',
        title: 'The id is taken',
        status: 409,
        code: 'STUDY_EXISTS',
        requestId: 'q-7',
      },
      detail: 'a-fine-study is taken: choose another id',
    };
    const large = {
      ...{ ...taken, title: 'It is too large', code: 'TRAINER_INPUT_INVALID', status: 422, requestId: 'q-8' },
      detail: 'take a smaller model',
    };
    const refuse = (route: Route, problem: typeof taken) =>
      route.fulfill({ status: problem.status, contentType: 'application/problem+json', json: problem });
    let isLarge = true;
    const asked: Record<string, unknown>[] = [];
    const spoil = async (page: Page) => {
      await page.route('**/v1/local/models', (route) => {
        asked.push(route.request().postDataJSON());
        return isLarge ? refuse(route, large) : route.fulfill({ json: BUILT });
      });
      await page.route(/\/v1\/studies$/, (route) =>
        route.request().method() === 'POST' ? refuse(route, taken) : route.fallback(),
      );
    };
    await see({ spoil }, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      await fillIn(page, 'A fine study');
      await goOn(page);
      await shown(page, 'Request q-8');
      isLarge = false;
      await page.getByText('A graph of your own').click();
      await goOn(page);
      await shown(page, 'Choose the ONNX file.');
      const onnx = {
        name: `${MARKUP}.onnx`,
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('graph'),
      };
      await page.getByLabel('An ONNX file', { exact: true }).setInputFiles(onnx);
      await shown(page, onnx.name);
      await field(page, 'Parameters that stay at each hospital').fill('local.*, head.bias');
      await goOn(page);
      await isRead(page);
      const { dictionary, ...own } = asked.at(-1)!;
      assert.ok(typeof dictionary === 'object');
      const base64 = onnx.buffer.toString('base64');
      assert.deepEqual(own, { kind: 'onnx', onnx: base64, localParameters: ['local.*', 'head.bias'] });
      await sendButton(page).click();
      await shown(page, 'Request q-7');
      const id = field(page, 'Id');
      assert.equal(await id.getAttribute('aria-invalid'), 'true');
      await page.getByRole('button', { name: 'Id', exact: true }).click();
      assert.equal(await id.evaluate((one) => one === document.activeElement), true);
      await id.fill('another-id');
      await page.getByText('Request q-7').waitFor({ state: 'detached' });
    });
  });

  it('says which dataset could not be read, and reads it again for whom goes on', async () => {
    let isDown = true;
    const problem = {
      ...{ type: 'about:blank', title: 'It failed', status: 500, code: 'INTERNAL', requestId: 'q-9' },
      detail: 'something went wrong',
    };
    const spoil = async (page: Page) => {
      await build(page);
      await page.route(/\/v1\/datasets\/rhein$/, (route) =>
        isDown
          ? route.fulfill({ status: 500, contentType: 'application/problem+json', json: problem })
          : route.fallback(),
      );
    };
    await see({ spoil }, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      await fillIn(page, 'Of a dataset that is read late');
      await goOn(page);
      await shown(page, 'Could not be read: rhein; try again.');
      isDown = false;
      await goOn(page);
      await page.getByText('Could not be read: rhein').first().waitFor({ state: 'detached' });
      await goOn(page);
      await isRead(page);
    });
  });

  it('goes on to read by the button alone, also where the plan was changed while its model was built', async () => {
    const built = Promise.withResolvers<void>();
    const spoil = (page: Page) =>
      page.route('**/v1/local/models', async (route) => {
        await built.promise;
        await route.fulfill({ json: BUILT });
      });
    await see({ spoil }, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      await fillIn(page, 'Changed in between');
      await goOn(page);
      await page
        .getByRole('button', { name: 'Read it before it is sent' })
        .and(page.locator('[data-pending]'))
        .waitFor();
      const keeps = page.getByRole('checkbox', { name: /keeps an intercept/ });
      await keeps.uncheck({ force: true });
      built.resolve();
      await keeps.check({ force: true });
      await field(page, 'Question').fill('What was written while it was built?');
      await goOn(page);
      await isRead(page);
      await shown(page, 'What was written while it was built?');
    });
  });

  it('is shown to nobody who may not propose, by no link and at no address', async () => {
    await see({ path: '/console/studies', role: 'steward' }, async (page) => {
      await shown(page, 'Early signs of sepsis');
      assert.equal(await page.getByRole('link', { name: /Propose/ }).count(), 0);
      await page.evaluate(() => history.pushState(null, '', '/console/propose?like=heart'));
      await shown(page, 'Your role may not see this');
      assert.equal(await page.getByRole('textbox').count(), 0);
    });
  });

  it('takes of a file what a study has, names the rest, and shows a stranger’s markup as text', async () => {
    await see({}, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      const odd = {
        ...TEXT,
        title: `${MARKUP} Title`,
        question: `${MARKUP}\u202e Question`,
        model: BUILT,
        datasets: ['rhein', 'nowhere'],
        apiKey: MARKUP,
        [MARKUP]: 1,
        averaging: { decay: '0.5' },
      };
      await giveFile(page, `${MARKUP}.json`, JSON.stringify(odd));
      await shown(page, `Taken from ${MARKUP}.json`);
      await shown(page, 'apiKey');
      await shown(page, 'This ledger has no such dataset.');
      await goOn(page);
      await shown(page, 'nowhere is not on this ledger.');
      await shown(page, 'Must have no control characters');
      const found = await page.evaluate(() => ({
        taken: (globalThis as { taken?: unknown }).taken,
        made: document.querySelectorAll('.taken, main img').length,
        averaging: document.body.innerText.includes('{"decay":"0.5"}'),
      }));
      assert.deepEqual(found, { taken: undefined, made: 0, averaging: true });
      assert.equal(await page.getByText('Request').count(), 0, 'nothing was sent');
      await page.getByRole('button', { name: 'Leave out averaging' }).click();
      await page.getByText('{"decay":"0.5"}').waitFor({ state: 'detached' });
    });
  });

  it('refuses a file that is no study, however large or deep it is, and goes on being usable', async () => {
    await see({}, async (page) => {
      await wait(page, 'Herzkatheterlabor');
      await giveFile(page, 'a.json', 'x'.repeat(300_000));
      await shown(page, 'This file is too large for a study.');
      for (const text of ['', '[]', '{"title": ', '['.repeat(200_000)]) {
        await giveFile(page, 'b.json', text);
        await shown(page, 'This is no study');
      }
      await giveFile(page, 'c.json', '{"a": 1}');
      await shown(page, 'Nothing in it is a field of a study.');
      await page.getByText('Paste it instead').click();
      await page
        .getByLabel('A study as JSON')
        .fill(JSON.stringify({ study: { ...TEXT, studyId: 'pasted' } }));
      await page.getByRole('button', { name: 'Take it', exact: true }).click();
      await shown(page, 'Taken from A study as JSON');
      assert.equal(await field(page, 'Id').inputValue(), 'pasted');
    });
  });

  it('replaces what was written by no link or file before somebody says so, and sends nothing by an address', async () => {
    await see({}, async (page) => {
      const sent: string[] = [];
      page.on('request', (request) => {
        if (request.method() !== 'GET') sent.push(request.url());
      });
      await wait(page, 'Herzkatheterlabor');
      await field(page, 'Title').fill('Mine');
      // As a link of another page leads here, in the page that is open.
      await page.evaluate(() => history.pushState(null, '', '/console/studies'));
      await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor();
      await page.evaluate(() => history.pushState(null, '', '/console/propose?like=sepsis&title=Theirs'));
      const dialog = page.getByRole('dialog', { name: 'Replace what you have written?' });
      await dialog.waitFor();
      await dialog.getByRole('button', { name: 'Keep mine' }).click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await field(page, 'Title').inputValue(), 'Mine');
      assert.equal(new URL(page.url()).search, '');
      await giveFile(page, 'theirs.json', JSON.stringify(TEXT));
      await dialog.getByRole('button', { name: 'Replace it' }).click();
      await shown(page, 'Taken from theirs.json');
      assert.equal(await field(page, 'Title').inputValue(), TEXT.title);
      assert.deepEqual(sent, []);
    });
  });

  it('asks before it replaces what was written while the plan was on its way', async () => {
    const { promise: isWritten, resolve: write } = Promise.withResolvers<void>();
    const spoil = (page: Page) =>
      page.route('**/v1/studies/sepsis', async (route) => {
        await isWritten;
        await route.fallback();
      });
    await see({ path: '/console/propose?like=sepsis', spoil }, async (page) => {
      await field(page, 'Title').fill('Mine');
      write();
      const dialog = page.getByRole('dialog', { name: 'Replace what you have written?' });
      await dialog.getByRole('button', { name: 'Keep mine' }).click();
      assert.equal(await field(page, 'Title').inputValue(), 'Mine');
    });
  });

  it('keeps a draft where the session ends, for whom wrote it, and shows it to nobody else', async () => {
    await see({ isApart: true }, async (page) => {
      const end = async () => {
        await page.evaluate(() =>
          fetch('/console/session', { method: 'DELETE', headers: { 'x-consilium-console': '1' } }),
        );
        await page.getByRole('link', { name: 'Models' }).click();
        await page.getByLabel('API key').waitFor();
      };
      const comeBack = async (key: string) => {
        await page.getByLabel('API key').fill(key);
        await page.keyboard.press('Enter');
        await page.getByRole('link', { name: 'Studies' }).click();
        await page.getByRole('link', { name: 'Propose a study' }).click();
        await wait(page, 'Herzkatheterlabor');
      };
      await wait(page, 'Herzkatheterlabor');
      await field(page, 'Title').fill('Written before the session ended');
      const answer = await gateway.as('operator', {
        method: 'POST',
        url: '/v1/api-keys',
        payload: { role: 'researcher' },
      });
      assert.equal(answer.statusCode, 201, answer.body);
      await end();
      await comeBack(gateway.keys.researcher);
      assert.equal(await field(page, 'Title').inputValue(), 'Written before the session ended');
      await end();
      await comeBack(answer.json().key);
      assert.equal(await field(page, 'Title').inputValue(), '');
      // Another tab signs in as somebody else, while this one is open.
      await field(page, 'Title').fill('Mine, beside another tab');
      await signIn(page.context(), gateway.url, gateway.keys.researcher);
      await page.evaluate(() => dispatchEvent(new Event('visibilitychange')));
      await page.waitForFunction(
        () => document.querySelector<HTMLInputElement>('#at-title input')?.value === '',
      );
      assert.equal(await field(page, 'Title').inputValue(), '');
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage, ...sessionStorage }, history.state]),
      );
      assert.ok(!kept.includes('Written'));
    });
  });
});
