// Reads a consortium.yaml and refuses a wrong one with every problem at once: where, what, and what to write.
import { type Static, Type } from 'typebox';
import { ORDERERS } from './ledger-network.ts';
import { reservedNames } from './reserved-names.ts';
import { endorsementProblem } from './signature-policy.ts';
import {
  type DocumentForm,
  type Found,
  type Path,
  parseYaml,
  pathText,
  readYaml,
  Strict,
} from './yaml-document.ts';

/** What an organisation or a network is called: also a folder's name. */
export const Name = Type.String({
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

/** Of every trainer. */
export const TrainerTiming = Strict({
  takeoverMs: Type.Optional(
    Type.Integer({ minimum: 1000, maximum: 86_400_000, description: 'milliseconds, 1000 to 86400000' }),
  ),
});

/** How much is kept of what processes say. */
export const Logs = Strict({
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
});

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
  trainer: Type.Optional(TrainerTiming),
  logs: Type.Optional(Logs),
});
export type Consortium = Static<typeof Consortium>;

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

const FORM: DocumentForm<typeof Consortium> = {
  schema: Consortium,
  further: (consortium) =>
    [duplicates, reservedNames, orderingProblems, policyProblems].flatMap((find) => [...find(consortium)]),
  remedy: 'name a consortium.yaml with --config',
};

/** @throws ConfigError with every problem. */
export const parseConsortium = (text: string, file = 'consortium.yaml'): Consortium =>
  parseYaml(text, file, FORM);

/** @throws ConfigError, also where the file cannot be read. */
export const readConsortium = (file: string): Consortium => readYaml(file, FORM);
