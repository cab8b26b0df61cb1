// Reads a consortium.yaml and refuses a wrong one with every problem at once: where, what, and what to write.
import { readFileSync } from 'node:fs';
import { ConfigError, type Problem } from '@consilium/command-line';
import { type Static, type TSchema, Type } from 'typebox';
import { Errors } from 'typebox/value';
import { LineCounter, parseDocument } from 'yaml';
import { ORDERERS } from './ledger-network.ts';
import { endorsementProblem } from './signature-policy.ts';

const Strict = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

const Name = Type.String({
  pattern: '^[a-z][a-z0-9-]{0,30}$',
  description: 'lower-case letters, digits and hyphens, beginning with a letter, at most 31 characters',
});
const Port = Type.Integer({
  minimum: 1024,
  maximum: 65535,
  description: 'a whole number from 1024 to 65535; leave it out for a free port',
});
const DataFolder = Type.String({
  pattern: '^/[^:]+$',
  description: 'the absolute path of a folder, without a colon',
});
const Listener = Strict({ port: Type.Optional(Port) });

/** The policy of a chaincode that asks for what the channel asks for: more than half of the organisations. */
export const MAJORITY = 'MAJORITY';

export const Organisation = Strict({
  name: Name,
  mspId: Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9.-]{0,63}$',
    description: 'the Fabric MSP id: letters, digits, dots and hyphens, beginning with a letter',
  }),
  title: Type.String({ minLength: 1, maxLength: 200, description: 'a name for people, 1 to 200 characters' }),
  gateway: Type.Optional(Listener),
  trainer: Type.Optional(
    Strict({
      ...Listener.properties,
      dataFolders: Type.Optional(
        Type.Array(DataFolder, {
          maxItems: 20,
          description: 'a list of at most 20 absolute paths of folders with files of patients',
        }),
      ),
    }),
  ),
});
export type Organisation = Static<typeof Organisation>;

export const Consortium = Strict({
  name: Name,
  channel: Type.String({
    pattern: '^[a-z][a-z0-9.-]{0,248}$',
    description: 'a Fabric channel name: lower-case letters, digits, dots and hyphens',
  }),
  runtime: Type.Enum(['embedded', 'native'], {
    description: "'embedded' (needs only Node) or 'native' (real Fabric, its binaries in FABRIC_BIN_DIR)",
  }),
  organisations: Type.Array(Organisation, {
    minItems: 1,
    maxItems: 26,
    description: 'a list of 1 to 26 organisations, each with name, mspId and title',
  }),
  chaincode: Strict({
    name: Name,
    policy: Type.String({
      minLength: 1,
      description: "MAJORITY, or a signature policy such as OutOf(2, 'A.peer', 'B.peer', 'C.peer')",
    }),
  }),
  orderer: Type.Optional(
    Strict({
      ordering: Type.Optional(
        Type.Enum(['raft', 'bft'], { description: "'raft' or 'bft', on the native runtime" }),
      ),
      nodes: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 4,
          description: 'how many orderers: 1 or 3 with raft, 4 with bft; leave it out for 1 or 4',
        }),
      ),
      batchTimeoutMs: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 60_000, description: 'milliseconds, 1 to 60000' }),
      ),
      maxMessageCount: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000,
          description: 'how many transactions a block may hold: 1 unless every client is trusted',
        }),
      ),
    }),
  ),
  ipfs: Type.Optional(Listener),
  trainer: Type.Optional(
    Strict({
      takeoverMs: Type.Optional(
        Type.Integer({ minimum: 1000, maximum: 86_400_000, description: 'milliseconds, 1000 to 86400000' }),
      ),
    }),
  ),
  logs: Type.Optional(
    Strict({
      maxMebibytes: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_240,
          description: 'the size in MiB at which a log is moved on, 1 to 10240; leave it out for 10',
        }),
      ),
      files: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 100,
          description: 'how many full logs are kept of each process, 0 to 100; leave it out for 3',
        }),
      ),
    }),
  ),
});
export type Consortium = Static<typeof Consortium>;

/** A problem before its place in the file is known. */
interface Found {
  readonly path: Path;
  readonly text: string;
  readonly remedy: string;
}

/** What problems of no one field are named after. */
const DOCUMENT = 'the document';

type Path = readonly (string | number)[];
const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );

const pointerPath = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));

interface SchemaNode {
  readonly description?: string;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

function schemaAt(path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = Consortium as SchemaNode;
  for (const part of path) node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  return node;
}

function* schemaProblems(value: unknown): Generator<Found> {
  for (const error of Errors(Consortium, value)) {
    const path = pointerPath(error.instancePath);
    const parameters = error.params as { requiredProperties?: string[]; additionalProperties?: string[] };
    if (error.keyword === 'required') {
      for (const name of parameters.requiredProperties ?? []) {
        const at = [...path, name];
        yield { path: at, text: 'is missing', remedy: `write ${schemaAt(at)?.description ?? 'it'}` };
      }
    } else if (error.keyword === 'additionalProperties') {
      const known = Object.keys(schemaAt(path)?.properties ?? {}).join(', ');
      for (const name of parameters.additionalProperties ?? []) {
        yield { path: [...path, name], text: 'is unknown', remedy: `remove it; known here: ${known}` };
      }
    } else if (error.keyword !== 'boolean') {
      const description = schemaAt(path)?.description;
      const text = unfit(valueAt(value, path));
      yield {
        path,
        text,
        remedy: description ? `write ${description}` : 'leave it out, or write its fields below it',
      };
    }
  }
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, part) => (node as Readonly<Record<string, unknown>> | undefined)?.[part],
    value,
  );

/** What was written, in words, where it is not what the field takes. */
function unfit(value: unknown): string {
  if (value === 'compose') return 'is compose, which is not built yet';
  if (value === null || value === undefined) return 'is empty';
  if (Array.isArray(value)) return `is a list of ${value.length}`;
  if (typeof value === 'object') return 'has fields of its own';
  const text = String(value);
  if (text === '') return 'is empty';
  return `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}, which does not fit`;
}

function* duplicates(consortium: Consortium): Generator<Found> {
  for (const field of ['name', 'mspId'] as const) {
    const first = new Map<string, number>();
    for (const [index, organisation] of consortium.organisations.entries()) {
      const earlier = first.get(organisation[field]);
      if (earlier === undefined) first.set(organisation[field], index);
      else {
        yield {
          path: ['organisations', index, field],
          text: `is the same as organisations[${earlier}].${field}`,
          remedy: 'give each organisation its own',
        };
      }
    }
  }
  const ports = new Map<number, string>();
  const listeners: [Path, number | undefined][] = [
    [['ipfs', 'port'], consortium.ipfs?.port],
    ...consortium.organisations.flatMap((organisation, index): [Path, number | undefined][] => [
      [['organisations', index, 'gateway', 'port'], organisation.gateway?.port],
      [['organisations', index, 'trainer', 'port'], organisation.trainer?.port],
    ]),
  ];
  for (const [path, port] of listeners) {
    if (port === undefined) continue;
    const earlier = ports.get(port);
    if (earlier === undefined) ports.set(port, pathText(path));
    else yield { path, text: `is ${port}, as is ${earlier}`, remedy: 'give each process its own port' };
  }
}

function* orderingProblems(consortium: Consortium): Generator<Found> {
  const { ordering, nodes, maxMessageCount } = consortium.orderer ?? {};
  if (consortium.runtime === 'embedded') {
    const remedy =
      'remove it: the embedded runtime has one stand-in for an orderer; or write `runtime: native`';
    for (const [field, value] of Object.entries({ ordering, nodes, maxMessageCount })) {
      if (value !== undefined) yield { path: ['orderer', field], text: 'is for native only', remedy };
    }
    return;
  }
  const allowed: readonly number[] = ORDERERS[ordering ?? 'raft'];
  if (nodes !== undefined && !allowed.includes(nodes)) {
    const text = `is ${nodes} with ${ordering ?? 'raft'} ordering`;
    yield { path: ['orderer', 'nodes'], text, remedy: `write ${allowed.join(' or ')}` };
  }
  for (const [index, { mspId }] of consortium.organisations.entries()) {
    if (!/^Orderer[0-9]+MSP$/.test(mspId)) continue;
    const path = ['organisations', index, 'mspId'];
    yield { path, text: 'is an MSP id of the orderers', remedy: 'choose another' };
  }
}

function* policyProblems({ chaincode, organisations }: Consortium): Generator<Found> {
  if (chaincode.policy === MAJORITY) return;
  const mspIds = organisations.map(({ mspId }) => mspId);
  const problem = endorsementProblem(chaincode.policy, mspIds);
  if (problem !== undefined) yield { path: ['chaincode', 'policy'], ...problem };
}

/** @throws ConfigError with every problem. */
export function parseConsortium(text: string, file = 'consortium.yaml'): Consortium {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map((error) => ({
        field: DOCUMENT,
        text: `: ${error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')}`,
        remedy: 'write valid YAML',
        ...(error.linePos ? { line: error.linePos[0].line } : {}),
      })),
    );
  }
  const value: unknown = document.toJS() ?? {};
  const raw = [...schemaProblems(value)];
  const problems =
    raw.length > 0
      ? raw
      : [duplicates, orderingProblems, policyProblems].flatMap((find) => [...find(value as Consortium)]);
  if (problems.length === 0) return value as Consortium;
  throw new ConfigError(
    file,
    problems.map(({ path, text, remedy }): Problem => {
      const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
      const line = node?.range ? { line: lines.linePos(node.range[0]).line } : {};
      return { field: pathText(path) || DOCUMENT, text, ...(remedy && { remedy }), ...line };
    }),
  );
}

/** @throws ConfigError, also where the file cannot be read. */
export function readConsortium(file: string): Consortium {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const text = `cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    throw new ConfigError(file, { field: DOCUMENT, text, remedy: 'name a consortium.yaml with --config' });
  }
  return parseConsortium(text, file);
}
