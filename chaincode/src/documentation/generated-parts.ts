// The parts of the documentation that the code knows best, as Markdown: tables of transactions, rows, errors and
// orders, the diagrams of the state machines, and the tests behind the threat model. A test keeps docs/ equal to them.
import { ERRORS, LEDGER_ORDERS, ROUND_TRANSITIONS, STUDY_TRANSITIONS, TRANSACTIONS } from '@consilium/domain';
import type { Transition } from '@consilium/domain/rules';
import { KEY_PARTS } from '../ledger/rows.ts';
import { filesWithTest, readTestFiles } from './find-tests.ts';
import { THREAT_SECTIONS } from './threat-tests.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;

function diagram(initial: string, transitions: readonly Transition<string, string>[]): string {
  const states = new Set(transitions.map(({ to }) => to));
  const final = [...states].filter((state) => !transitions.some(({ from }) => from === state));
  return [
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${initial}`,
    ...transitions.map(({ from, event, to }) => `  ${from} --> ${to}: ${event}`),
    ...final.map((state) => `  ${state} --> [*]`),
    '```',
  ].join('\n');
}

const argumentOf = (schema: object): string => {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, unknown>;
    required?: readonly string[];
  };
  return Object.keys(properties)
    .map((field) => (required.includes(field) ? field : `${field}?`))
    .join(', ');
};

/**
 * The sections of the threat model, and in each the attacks with links to the tests that make them.
 *
 * @throws RangeError where a title has no test
 */
function threatSections(): string {
  const files = readTestFiles();
  const item = (title: string): string => {
    const links = filesWithTest(title, files).map((path) => `[${path.split('/').at(-1)}](../../${path})`);
    return `- “${title}” (${links.join(', ')})`;
  };
  return THREAT_SECTIONS.map(({ title, threats }) => {
    const attacks = threats.map(
      ({ id, attack, titles }) => `<a id="${id}"></a>\n### ${attack}\n\n${titles.map(item).join('\n')}\n`,
    );
    return `## ${title}\n\n${attacks.join('\n')}`;
  }).join('\n');
}

export interface GeneratedPart {
  /** The file in docs/, and the name between its markers. */
  readonly file: string;
  readonly part: string;
  readonly markdown: string;
}

const submits = TRANSACTIONS.filter(({ kind }) => kind === 'submit');
const queries = TRANSACTIONS.filter(({ kind }) => kind === 'evaluate');

export const GENERATED_PARTS: readonly GeneratedPart[] = [
  {
    file: 'reference/ledger.md',
    part: 'submits',
    markdown: table(
      ['Transaction', 'Role', 'Event', 'What it does', 'Argument'],
      submits.map(({ name, roles, event, summary, argument }) => [
        code(name),
        roles.join(', '),
        event ?? '',
        summary,
        argumentOf(argument),
      ]),
    ),
  },
  {
    file: 'reference/ledger.md',
    part: 'queries',
    markdown: table(
      ['Query', 'What it answers', 'Argument'],
      queries.map(({ name, summary, argument }) => [code(name), summary, argumentOf(argument)]),
    ),
  },
  {
    file: 'reference/ledger.md',
    part: 'rows',
    markdown: table(
      ['Row', 'Key'],
      Object.entries(KEY_PARTS).map(([noun, parts]) => [noun, parts.join(', ')]),
    ),
  },
  { file: 'reference/ledger.md', part: 'orders', markdown: LEDGER_ORDERS.join(', ') },
  {
    file: 'reference/errors.md',
    part: 'errors',
    markdown: table(
      ['Code', 'Kind', 'Meaning'],
      Object.entries(ERRORS).map(([name, [kind, meaning]]) => [code(name), kind, meaning]),
    ),
  },
  { file: 'reference/state-machines.md', part: 'study', markdown: diagram('proposed', STUDY_TRANSITIONS) },
  { file: 'reference/state-machines.md', part: 'round', markdown: diagram('training', ROUND_TRANSITIONS) },
  { file: 'reference/threat-model-tests.md', part: 'tests', markdown: threatSections() },
];

const begin = (part: string): string => `<!-- generated: ${part} -->`;
const END = '<!-- end -->';

/** A document with one part replaced. @throws RangeError where the document has no such part */
export function withPart(document: string, { part, markdown, file }: GeneratedPart): string {
  const start = document.indexOf(begin(part));
  const end = document.indexOf(END, start);
  if (start < 0 || end < 0) throw new RangeError(`docs/${file} has no part ${part}`);
  return `${document.slice(0, start)}${begin(part)}\n${markdown}\n${document.slice(end)}`;
}
