// The screens of models in a browser: a lineage followed by keys, predictions from a form, and what is shown while
// there is nothing, too much, or something wrong.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Api } from '@consilium/client';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, pageOf, signIn, waitForFocus, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { answerJson, withoutOperations } from '../testing/spoiled-answers.ts';

const MODEL = '/console/models/heart';
/** A busy machine takes its time. */
const PATIENCE_MS = 120_000;

describe('the screens of models', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  let gateway: ConsoleGateway;
  let researcher: BrowserContext;
  let page: Page;
  let wrong: string[];
  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    researcher = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    researcher.setDefaultTimeout(PATIENCE_MS);
    await signIn(researcher, gateway.url, gateway.keys.researcher);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  /** Loads the page again for each test; nothing may go wrong in it that is not said. */
  const look = async (path: string, spoil?: (page: Page) => Promise<unknown>): Promise<void> => {
    page = await pageOf(researcher);
    wrong = watchPage(page);
    await spoil?.(page);
    await page.goto(`${gateway.url}${path}`);
  };
  const leave = (): void => assert.deepEqual(wrong, []);
  /** Waits until the focus is on such a thing, and says on which. */
  const focusOn = async (id: RegExp): Promise<string> => {
    const found = await page.waitForFunction((pattern) => {
      const node = document.activeElement?.getAttribute('data-node') ?? '';
      return new RegExp(pattern).test(node) ? node : false;
    }, id.source);
    return String(await found.jsonValue());
  };

  it('follows a lineage by keys along its edges, opens a thing and comes back to it', async () => {
    await look(`${MODEL}?part=lineage`);
    const model = page.locator('[data-node="model"]');
    await model.focus();
    await page.keyboard.press('ArrowRight');
    await focusOn(/^round \d$/);
    await page.keyboard.press('End');
    await focusOn(/^round 2$/);
    await page.keyboard.press('ArrowRight');
    await focusOn(/^update 2 /);
    await page.keyboard.press('ArrowRight');
    const consent = await focusOn(/^consent /);
    await page.keyboard.press('Enter');
    const heading = page.getByRole('region', { name: 'Details' }).getByRole('heading', { level: 2 });
    await heading.waitFor();
    await waitForFocus(page, 'H2', (await heading.textContent()) ?? '');
    await page
      .getByRole('link', { name: /^Transaction [0-9a-f]/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    assert.equal(await focusOn(/^consent /), consent);
    await page.keyboard.press('ArrowLeft');
    await focusOn(/^update 2 /);
    await page.keyboard.press('ArrowLeft');
    await focusOn(/^round 2$/);
    await page.keyboard.press('Space');
    await page.locator('[data-node="update 2 rhein"]').waitFor({ state: 'detached' });
    await focusOn(/^round 2$/);
    assert.equal(await page.locator('[data-node][tabindex="0"]').count(), 1, 'one stop of the tab key');
    leave();
  });

  it('says the same in a list, whose things lead to the same details', async () => {
    await look(`${MODEL}?part=lineage`);
    await page.getByText('List', { exact: true }).click();
    await page.getByRole('button', { name: 'Show what Round 1 holds' }).click();
    const list = page.getByRole('navigation', { name: 'Lineage of the model as a list' });
    const updates = list.getByRole('button', { name: /in the model · / });
    await updates.nth(7).waitFor();
    assert.equal(await updates.count(), 8);
    await list
      .getByRole('button', { name: /^Klinikum am Rhein/ })
      .first()
      .click();
    await page.getByText('What one dataset added to one round').waitFor();
    leave();
  });

  it('keeps a study of a hundred rounds of thirty hospitals in a page that is small, and its keys work', async () => {
    await look(`${MODEL}?part=lineage`, async (one) => {
      const lineage = await gatewayAnswer('/v1/studies/heart/model/lineage?limit=1');
      await answerJson(one, '**/v1/studies/heart/model/lineage*', large(lineage));
      await answerJson(one, '**/v1/studies/heart/rounds?*', { items: largeRounds() });
    });
    await page.locator('[data-node="model"]').focus();
    await page.keyboard.press('ArrowRight');
    await focusOn(/^rounds \d/);
    await page.keyboard.press('Home');
    await focusOn(/^rounds 1$/);
    await page.keyboard.press('Space');
    await page.locator('[data-node="round 2"]').waitFor();
    await focusOn(/^rounds 1$/);
    await page.keyboard.press('ArrowDown');
    await focusOn(/^round 1$/);
    await page.keyboard.press('Space');
    await page.locator('[data-node^="update 1 "]').first().waitFor();
    const drawn = await page.locator('[data-node]').count();
    assert.ok(drawn > 20 && drawn < 90, `${drawn} of 3,161 things`);
    await page.keyboard.press('ArrowRight');
    await focusOn(/^update 1 hospital-/);
    await page.keyboard.press('End');
    // Also what was not in sight.
    await focusOn(/^update 1 hospital-29$/);
    leave();
  });

  it('says what is wrong at its field before anything is sent, and what the trainer refuses after', async () => {
    let sent = 0;
    await look(`${MODEL}?part=predict`, async (one) => {
      await one.route('**/v1/local/predictions', async (route) => {
        sent += 1;
        const { rows } = route.request().postDataJSON() as { rows: Record<string, unknown>[] };
        const isRefused = rows[0]?.age === 61;
        const problem = {
          type: 'urn:consilium:problem:TRAINER_DATASET_REFUSED',
          title: 'The file does not fit its dictionary',
          status: 422,
          code: 'TRAINER_DATASET_REFUSED',
          detail: 'VALUE_NOT_BINARY',
          requestId: 'r-1',
          problems: [{ code: 'VALUE_NOT_BINARY', line: 1, column: 'sex', remedy: 'Must be 0 or 1.' }],
        };
        await route.fulfill(
          isRefused
            ? { status: 422, contentType: 'application/problem+json', body: JSON.stringify(problem) }
            : { json: { probabilities: [0.8125] } },
        );
      });
    });
    const age = page.getByLabel(/^age/i).first();
    await age.fill('444');
    await page.getByRole('button', { name: 'Predict', exact: true }).click();
    await page.getByText(/Write a value from .* or leave the field empty/).waitFor();
    assert.equal(sent, 0);
    assert.equal(await age.getAttribute('aria-invalid'), 'true');
    await age.fill('61');
    await page.getByRole('button', { name: 'Predict', exact: true }).click();
    await page.getByText('Must be 0 or 1.').nth(1).waitFor();
    assert.equal(await page.getByText('Must be 0 or 1.').count(), 2, 'at the field and in the summary');
    await age.fill('62');
    await page.getByRole('button', { name: 'Predict', exact: true }).click();
    await page.getByText('0.813').waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([location.pathname, location.search, { ...localStorage, ...sessionStorage }]),
    );
    assert.doesNotMatch(kept, /62|61|age/, 'no value is kept in the address or in storage');
    leave();
  });

  it('predicts from pasted rows, and says of each which line is wrong', async () => {
    await look(`${MODEL}?part=predict`, (one) =>
      answerJson(one, '**/v1/local/predictions', { probabilities: [0.5, 0.25] }),
    );
    await page.getByText('Several rows').click();
    await page.getByRole('button', { name: 'Predict', exact: true }).click();
    await page.getByText('Paste at least the line of names and one row.').waitFor();
    await page.getByLabel('Rows as CSV').fill('age,sex\n61,1\n50,0');
    await page.getByRole('button', { name: 'Predict', exact: true }).click();
    await page.getByRole('heading', { name: 'Predictions of 2 rows' }).waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    assert.equal(file.suggestedFilename(), 'predictions_heart.csv');
    leave();
  });

  it('shows text of other members as text', async () => {
    await look(`${MODEL}?part=lineage`);
    await page.getByText('St. Mary\'s <img src=x onerror="document.title=1">').first().waitFor();
    assert.equal(await page.locator('main img, main b, main script').count(), 0);
    assert.match(await page.title(), /Consilium/);
    leave();
  });

  it('says of a list that is empty why, of a gateway that fails its request, of one that is gone what to do', async () => {
    await look('/console/models', (one) => answerJson(one, '**/v1/models*', { items: [] }));
    await page.getByText('A model appears here when a study has finished its last round').waitFor();
    leave();
    const body = {
      title: 'The gateway failed',
      status: 500,
      code: 'GATEWAY_INTERNAL',
      detail: 'x',
      requestId: 'r-77',
    };
    await look(MODEL, (one) => answerJson(one, '**/v1/studies/heart/model', body, 500));
    await page.getByText('Request r-77').waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    leave();
    await look(MODEL, (one) =>
      one.route('**/v1/studies/heart/model', (route) => route.abort('connectionrefused')),
    );
    await page.getByText('The gateway does not answer').waitFor();
    leave();
    await look('/console/models/nothing');
    await page.getByText('The ledger has no such entry').waitFor();
    leave();
  });

  it('shows no form to whom may not predict, also where the address leads to it', async () => {
    await look(`${MODEL}?part=predict`, (one) => withoutOperations(one, ['predict', 'getModelFile']));
    await page.getByRole('tab', { name: 'Model card' }).waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Predict' }).count(), 0);
    assert.equal(await page.getByRole('link', { name: /ONNX/ }).count(), 0);
    await page.getByRole('button', { name: 'Evidence' }).waitFor();
    leave();
  });

  it('promises a patient nothing where the unit of a study is a record', async () => {
    await look(MODEL, (one) =>
      one.route('**/v1/studies/heart', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), unit: 'record' } });
      }),
    );
    await page.getByText('A patient with several records is protected less.').waitFor();
    await page.getByText('Most that a record lost').waitFor();
    await page
      .getByText(/^Who has to guess whether that record took part/)
      .first()
      .waitFor();
    assert.equal(await page.getByText(/that patient took part/).count(), 0);
    leave();
  });

  it('keeps the rest of a card where the trainer does not answer', async () => {
    await look(MODEL);
    await page
      .getByText("The model's graph is read by this hospital's trainer, which does not answer now.")
      .waitFor();
    await page
      .getByText(/^Who has to guess whether that patient took part/)
      .first()
      .waitFor();
    leave();
  });

  async function gatewayAnswer(path: string): Promise<Api['getModelLineage']['answer']> {
    const headers = { authorization: `Bearer ${gateway.keys.researcher}` };
    return (await (
      await fetch(`${gateway.url}${path}`, { headers })
    ).json()) as Api['getModelLineage']['answer'];
  }
});

const HOSPITALS = Array.from({ length: 30 }, (_, i) => `hospital-${String(i).padStart(2, '0')}`);

/** The lineage of the study as of thirty hospitals. */
function large(lineage: Api['getModelLineage']['answer']) {
  const [dataset, consent] = [lineage.datasets[0]!, lineage.consents[0]!];
  return {
    ...lineage,
    datasets: HOSPITALS.map((datasetId) => ({ ...dataset, datasetId, title: datasetId })),
    consents: HOSPITALS.map((datasetId) => ({ ...consent, datasetId })),
  };
}

const largeRounds = () =>
  Array.from({ length: 100 }, (_, i) => ({
    round: i + 1,
    state: 'finalized',
    participants: HOSPITALS.map((datasetId) => ({ datasetId, mspId: 'AlphaMSP', weight: 1 })),
    updates: HOSPITALS,
    included: HOSPITALS,
    openedAt: '2026-03-02T10:00:00.000Z',
  }));
