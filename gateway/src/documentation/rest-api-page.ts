// docs/reference/rest-api.md, made from the OpenAPI document and the table of problem codes.

import { GATEWAY_ERRORS, type GatewayErrorEntry } from '../gateway-errors.ts';
import { TAGS } from '../http/documentation.ts';
import { meaningOf, PROBLEM_CODES, type ProblemCode, statusOf } from '../http/problem.ts';

/** What the page needs of the OpenAPI document. */
export interface DocumentedApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { summary?: string; description?: string; tags?: string[] }>>>
  >;
}

const HEAD = `# The REST API of a gateway

Written from the code by \`scripts/write-documentation.sh\`. A running gateway serves the full description: a page at
\`/documentation\`, and OpenAPI 3.1 at \`/documentation/json\`.

- **Keys**: send \`Authorization: Bearer KEY\`. A key has one role: operator, steward, researcher, trainer or auditor.
  The role chooses the Fabric identity that signs. The ledger checks the role again, from its certificate.
- **Errors**: problem details (RFC 9457) with a stable \`code\`. All codes are [below](#problem-codes).
- **Sending once**: with an \`Idempotency-Key\`, the same request sent again is not carried out again.
- **Events**: \`GET /v1/events\` is a stream of server-sent events. \`Last-Event-ID\` resumes it.
- **Lists** take \`limit\` and \`bookmark\`. Only the answer's \`bookmark\` (and \`next\`, its path) says whether there is more.
- **Later**: with \`Prefer: respond-async\` a submission answers 202 with an operation.
- **Versions**: [api-versions.md](api-versions.md) says what may change.
- Path parameters are part of the argument. Do not repeat them in the body.

[gateway/README.md](../../gateway/README.md) says how to run a gateway, and has examples with \`curl\`.
`;

/** The ledger's own refusals say what to do in their sentence; docs/reference/errors.md says it by kind. */
function row(code: ProblemCode): string {
  const gateways: Readonly<Record<string, GatewayErrorEntry>> = GATEWAY_ERRORS;
  return `| \`${code}\` | ${statusOf(code)} | ${meaningOf(code)} | ${gateways[code]?.remedy ?? ''} |`;
}

const CODES = `## Problem codes

A request that does not fit its schema gets 400. A request that fits its schema and breaks a rule gets 422. Codes that
begin with \`TRAINER_\` come from the hospital's trainer: see [trainer-errors.md](trainer-errors.md).

| Code | Status | Meaning | What to do |
| --- | --- | --- | --- |
${PROBLEM_CODES.map(row).join('\n')}
`;

/** The whole page, for the OpenAPI document that the gateway serves. */
export function restApiPage(api: DocumentedApi): string {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  const sections = TAGS.map(({ name, description }) => {
    const rows = operations
      .filter(({ tags }) => tags?.includes(name))
      .map(({ method, path, summary = '', description: text = '' }) => {
        const role = /Needs (?:role )?([a-z, ]+)\./.exec(text)?.[1] ?? 'none: public';
        const transaction = /Ledger transaction (`[^`]+`)/.exec(text)?.[1] ?? '';
        return `| ${method.toUpperCase()} | \`${path}\` | ${role} | ${transaction} | ${summary} |`;
      });
    return [
      `### ${name[0]?.toUpperCase()}${name.slice(1)}`,
      '',
      description,
      '',
      '| Method | Path | Role | Transaction | What it does |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n');
  });
  return [HEAD, '## Routes\n', ...sections, CODES].join('\n');
}
