// A dataset that asks for two stewards: each of them answers by clicks in a session of their own, the first alone gives
// nothing, and neither does the same person twice.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { studyArgument } from '@consilium/domain/testing/examples';
import { anotherDataset } from '@consilium/gateway/testing/another-dataset';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';

/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;
const DATASET = 'guarded';
const STUDY = 'asks-for-two';

describe('two stewards of one dataset', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  const watched: string[][] = [];
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    const registered = await gateway.as('steward', {
      method: 'POST',
      url: '/v1/datasets',
      payload: { ...anotherDataset(DATASET), consentPolicy: { stewards: 2 } },
    });
    assert.equal(registered.statusCode, 201, registered.body);
    const proposed = await gateway.as('researcher', {
      method: 'POST',
      url: '/v1/studies',
      payload: studyArgument({ studyId: STUDY, datasets: [DATASET] }),
    });
    assert.equal(proposed.statusCode, 201, proposed.body);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  async function keyOf(person: string): Promise<string> {
    const payload = { role: 'steward', person };
    const made = await gateway.as('operator', { method: 'POST', url: '/v1/api-keys', payload });
    assert.equal(made.statusCode, 201, made.body);
    return made.json().key;
  }

  /** The page of the consent, in a browser where somebody has just signed in. */
  async function openAs(person: string): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS);
    await signIn(context, gateway.url, await keyOf(person));
    const page = await context.newPage();
    watched.push(watchPage(page));
    await page.goto(`${gateway.url}/console/studies/${STUDY}/consent/${DATASET}`);
    await page.getByText('This dataset asks for 2 stewards.').waitFor();
    return page;
  }
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const answer = async (page: Page, name: string) => {
    await button(page, name).click();
    await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  };
  const facts = async () => {
    const url = `/v1/studies/${STUDY}`;
    const study = (await gateway.as('auditor', { url })).json();
    const consent = await gateway.as('auditor', { url: `${url}/consents/${DATASET}` });
    return { updates: study.quorumNow.now.updates, consent };
  };

  it('consent when both have said so, each in a session of their own, and not before', async () => {
    const [anna, bo] = await Promise.all([openAs('anna'), openAs('bo')]);
    for (const page of [anna, bo]) await page.getByText('Nobody has approved yet.').waitFor();
    assert.equal(await button(bo, 'Consent').count(), 0, 'the first of two only approves');
    await answer(anna, 'Approve');
    await anna.getByText('Your approval is on the ledger.').waitFor();

    const first = await facts();
    assert.deepEqual([first.updates, first.consent.statusCode], [0, 404], 'one alone gives nothing');

    // The other page was not loaded again: events say what changed.
    await button(bo, 'Consent').waitFor();
    await bo.getByText('Approved by anna.').waitFor();

    await anna.getByText('You have approved. Another steward').waitFor();
    const again = await openAs('anna');
    await again.getByText('You have approved. Another steward').waitFor();
    for (const page of [anna, again]) {
      for (const name of ['Approve', 'Consent']) assert.equal(await button(page, name).count(), 0, name);
    }
    assert.equal((await facts()).consent.statusCode, 404, 'nor does one person twice');

    await answer(bo, 'Consent');
    await bo.getByText('The consent is on the ledger.').waitFor();
    await anna.getByText('What follows').first().waitFor();
    const { updates, consent } = await facts();
    assert.deepEqual(
      [updates, consent.json().state, consent.json().stewards],
      [1, 'granted', ['anna', 'bo']],
    );
    assert.deepEqual(watched.flat(), []);
  });

  it('are two persons: whoever goes around the page with the same name is refused by the ledger', async () => {
    const studyId = `${STUDY}-again`;
    const payload = studyArgument({ studyId, datasets: [DATASET] });
    const proposed = await gateway.as('researcher', { method: 'POST', url: '/v1/studies', payload });
    assert.equal(proposed.statusCode, 201, proposed.body);
    const consents = `${gateway.url}/v1/studies/${studyId}/consents`;
    const ask = async (path: string, body?: object) => {
      const authorization = `Bearer ${await keyOf('anna')}`;
      const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
      const said = await fetch(`${consents}${path}`, {
        headers,
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      });
      const answered: Record<string, unknown> = { ...((await said.json()) as object), status: said.status };
      return answered;
    };
    const { claimedEpsilon, studySha256 } = await ask(`/${DATASET}/quote`);
    const approval = `/${DATASET}/approve`;
    const first = await ask(approval, { studySha256 });
    assert.equal(first.status, 200, JSON.stringify(first));
    const second = await ask(approval, { studySha256 });
    assert.deepEqual([second.status, second.code], [409, 'APPROVAL_EXISTS']);
    const consent = await ask('', { datasetId: DATASET, claimedEpsilon, studySha256 });
    assert.equal(consent.code, 'CONSENT_INCOMPLETE');
  });
});
