// Answers that a page is given in place of the gateway's: those that a real one gives seldom.
import type { Page } from 'playwright-core';

/** Answers requests to an address with a body; a problem where the status says so. */
export const answerJson = (page: Page, address: string, body: unknown, status = 200): Promise<unknown> =>
  page.route(address, (route) =>
    route.fulfill({
      status,
      contentType: status < 400 ? 'application/json' : 'application/problem+json',
      body: JSON.stringify(body),
    }),
  );

/** The session as of a role that may not call some operations. */
export const withoutOperations = (page: Page, without: readonly string[]): Promise<unknown> =>
  page.route('**/console/session', async (route) => {
    const answer = await route.fetch();
    const session = (await answer.json()) as { readonly operations: readonly string[] };
    const operations = session.operations.filter((name) => !without.includes(name));
    await route.fulfill({ response: answer, json: { ...session, operations } });
  });
