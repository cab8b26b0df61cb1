// The verifier in a browser, on a real file of evidence, by somebody who is not signed in: what it says, that it sends
// nothing, and that no file can do more than be refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { openSentences, provenSentences, verifyBundle } from '@consilium/verify/evidence';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signIn, watchPage, whyNoBrowser } from '../testing/browser.ts';
import { type ConsoleGateway, openConsoleGateway } from '../testing/console-gateway.ts';
import { EVIDENCE, EVIDENCE_GENESIS } from '../testing/screens.ts';

/** A busy machine takes its time. */
const SUITE_TIMEOUT_MS = 1_500_000;
const WAITED_MS = 120_000;

interface Given {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}
const given = (buffer: Buffer, name = 'evidence.ndjson'): Given => ({
  ...{ name, mimeType: 'application/x-ndjson', buffer },
});

describe('the verifier in a browser', { skip: whyNoBrowser() ?? false, timeout: SUITE_TIMEOUT_MS }, () => {
  const evidence = readFileSync(EVIDENCE);
  let browser: Browser;
  let gateway: ConsoleGateway;
  let context: BrowserContext;
  let page: Page;
  let wrong: string[];

  before(async () => {
    [browser, gateway] = await Promise.all([openBrowser(), openConsoleGateway()]);
    context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    page = await context.newPage();
    page.setDefaultTimeout(WAITED_MS);
    wrong = watchPage(page);
    await page.goto(`${gateway.url}/console/verify`);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  async function check(file: Given | string, genesis: string = EVIDENCE_GENESIS): Promise<void> {
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByLabel('Digest of the first block').fill(genesis);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
  }
  /** What the outcome says, once it is there. */
  async function outcome(says: string | RegExp): Promise<string> {
    const region = page.getByRole('status').filter({ hasText: says });
    await region.waitFor();
    return region.innerText();
  }

  it('says of a file what the command says, to somebody who is not signed in', async () => {
    await check(EVIDENCE);
    const said = await outcome('What is proven');
    const verification = verifyBundle(evidence, { genesis: EVIDENCE_GENESIS });
    const sentences = [...provenSentences(verification), ...openSentences(verification)];
    assert.ok(sentences.length > 10);
    for (const sentence of sentences) assert.ok(said.includes(sentence), sentence);
  });

  it('says from which digest it proved, whatever is written into the form since', async () => {
    await check(EVIDENCE);
    await outcome('What is proven');
    await page.getByLabel('Digest of the first block').fill('f'.repeat(64));
    const region = page.getByRole('status').filter({ hasText: 'What is proven' });
    assert.equal(await region.locator(`code[title="${EVIDENCE_GENESIS}"]`).count(), 1);
    assert.equal(await region.locator(`code[title="${'f'.repeat(64)}"]`).count(), 0);
  });

  it('names the place of a byte that is another', async () => {
    const altered = Buffer.from(evidence);
    const at = altered.indexOf('"envelopes":["', Math.floor(altered.length / 2)) + 400;
    altered[at] = altered[at] === 0x41 ? 0x42 : 0x41;
    await check(given(altered));
    const said = await outcome('Not proven');
    const { problems } = verifyBundle(altered, { genesis: EVIDENCE_GENESIS });
    assert.ok(problems.length > 0);
    for (const { place, text } of problems) assert.ok(said.includes(place) && said.includes(text), text);
    assert.ok(!said.includes('What is proven'));
    assert.ok(said.includes('the check did not come so far'));
  });

  it('trusts no other first block than the one that is named, and asks for one', async () => {
    await check(EVIDENCE, 'f'.repeat(64));
    assert.match(await outcome('Not proven'), /block 0[\s\S]*its digest is 99ebfbea/);
    await check(EVIDENCE, 'not a digest');
    await page.getByText('Write the 64 hexadecimal digits').waitFor();
    await check(EVIDENCE, '');
    await page.getByText('all trust starts from this digest').waitFor();
  });

  it('refuses what is no evidence with its line, however deep or long it is, and goes on being usable', async () => {
    const files: readonly (readonly [what: string, file: Buffer, says: RegExp])[] = [
      ['nothing', Buffer.alloc(0), /the file is empty/],
      ['no evidence', Buffer.from('{"a":1}\n'), /line 1/],
      ['cut off', evidence.subarray(0, -10), /within a line/],
      ['deep', Buffer.from(`${'['.repeat(5_000_000)}\n`), /line 1/],
      ['one long line', Buffer.alloc(70 * 2 ** 20, 0x61), /not a line of evidence/],
    ];
    for (const [what, file, says] of files) {
      if (file.length > 50 * 2 ** 20) {
        // More than is passed to a page: it makes the file itself.
        await page.evaluate((length) => {
          const input = document.querySelector<HTMLInputElement>('input[type=file]')!;
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(length).fill(0x61)], 'long.ndjson'));
          input.files = transfer.files;
          input.dispatchEvent(new Event('change', { bubbles: true }));
        }, file.length);
        await page.getByLabel('Digest of the first block').fill(EVIDENCE_GENESIS);
        await page.getByRole('button', { name: 'Check', exact: true }).click();
      } else await check(given(file));
      assert.match(await outcome('Not a usable file of evidence'), says, what);
    }
  });

  it('shows markup in a file and in its name as text', async () => {
    const markup = '<img src=x onerror="document.title=1">';
    const [first = '', ...more] = evidence.toString('utf8').split('\n');
    const claim = { ...JSON.parse(first), channel: markup };
    const canonical = JSON.stringify(Object.fromEntries(Object.entries(claim).sort()));
    await check(given(Buffer.from([canonical, ...more].join('\n')), `${markup}.ndjson`));
    const said = await outcome('Not proven');
    assert.ok(said.includes(markup), said);
    assert.ok((await page.getByText(`${markup}.ndjson`).count()) > 0);
    assert.equal(await page.locator('img').count(), 0);
    assert.notEqual(await page.title(), '1');
  });

  it('is stopped in the middle where somebody has it stopped, and checks the next file', async () => {
    const [claim = '', first = ''] = evidence.toString('utf8').split('\n');
    // Blocks that are not shown, a million of them, each of which has a header to hash. The page makes the file itself.
    await page.evaluate(
      ([beginning, hash]) => {
        const perLine = 20_000;
        const hashes = JSON.stringify(Array.from({ length: perLine }, () => hash));
        const line = (_: unknown, at: number) => `{"dataHashes":${hashes},"from":${1 + at * perLine}}\n`;
        const lines = Array.from({ length: 50 }, line);
        const input = document.querySelector<HTMLInputElement>('input[type=file]')!;
        const transfer = new DataTransfer();
        transfer.items.add(new File([beginning!, ...lines], 'many.ndjson'));
        input.files = transfer.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
      },
      [`${claim}\n${first}\n`, 'ab'.repeat(32)],
    );
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText(/[1-9][0-9]?\s?% of .+ read/).waitFor();
    await page.getByRole('button', { name: 'Stop the check' }).click();
    await outcome('The check was stopped');
    await check(EVIDENCE);
    await outcome('What is proven');
  });

  it('sends nothing while it checks, and needs no network', async () => {
    const requests: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith('blob:')) requests.push(`${request.method()} ${request.url()}`);
    });
    await context.setOffline(true);
    try {
      await check(EVIDENCE);
      await outcome('What is proven');
      // Of the page's own: whether somebody has signed in meanwhile.
      const others = requests.filter((one) => !one.endsWith('/console/session') && !/\.js$/.test(one));
      assert.deepEqual(others, []);
      assert.ok(requests.every((one) => one.startsWith('GET ')));
    } finally {
      await context.setOffline(false);
    }
  });

  it('takes the digest of its gateway for those who are signed in, and says whose word that is', async () => {
    const other = await browser.newContext({ locale: 'en-GB' });
    try {
      await signIn(other, gateway.url, gateway.keys.auditor);
      const inside = await other.newPage();
      inside.setDefaultTimeout(WAITED_MS);
      await inside.goto(`${gateway.url}/console/verify`);
      await inside.getByRole('button', { name: 'Take it from this gateway' }).click();
      await inside.getByText("This digest is your gateway's word").waitFor();
      assert.equal(await inside.getByLabel('Digest of the first block').inputValue(), '00'.repeat(32));
    } finally {
      await other.close();
    }
  });

  it('made no error, and nothing that its policy had to refuse', () => {
    assert.deepEqual(wrong, []);
  });
});
