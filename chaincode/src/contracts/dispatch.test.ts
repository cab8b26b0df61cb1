// Names that no transaction has, sent to the chaincode through the runtime that dispatches them in production.
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';
import { ARGUMENT_BYTES_MAX, parseDomainError } from '@consilium/domain';
import { memberArgument } from '@consilium/domain/testing/examples';
import { contracts, serializers } from '../index.ts';
import { execute } from '../testing/execute.ts';
import { refusalOf } from '../testing/memory-consortium.ts';
import { MemoryStub, type World } from '../testing/memory-stub.ts';
import { createSigner, type TestSigner } from '../testing/signed-proposal.ts';

interface Answer {
  readonly status: number;
  readonly message: string;
}
interface Runtime {
  Invoke(stub: object): Promise<Answer>;
}

process.env.CORE_CHAINCODE_LOGGING_LEVEL = 'CRITICAL';
const require = createRequire(import.meta.url);
const Dispatcher = require('fabric-shim/lib/contract-spi/chaincodefromcontract.js');
const runtime: Runtime = new Dispatcher([...contracts], serializers, {}, 'consilium', '1');
const REFUSED = 500;

let signer: TestSigner;
before(async () => {
  signer = await createSigner('AlphaMSP');
});

/** What the runtime answers, and what was written. */
async function call(...args: readonly string[]): Promise<{ answer: Answer; stub: MemoryStub }> {
  const { mspId, certificate } = signer;
  const world: World = { rows: new Map(), history: new Map() };
  const at = new Date();
  const proposal = { txId: 'a'.repeat(64), at, mspId, role: 'operator', person: 'ann', certificate };
  const stub = new MemoryStub(world, proposal, mspId);
  stub.called = args[0] ?? '';
  Object.assign(stub, {
    getBufferArgs: () => args.map((arg) => Buffer.from(arg)),
    getCreator: () => ({ mspid: mspId, idBytes: Buffer.from(certificate) }),
  });
  return { answer: await runtime.Invoke(stub), stub };
}

const wrote = ({ results }: MemoryStub) =>
  results.writes.length + results.policies.length > 0 || results.event !== null;

test('the runtime finds a transaction by its name', async () => {
  const { answer } = await call('member:register', JSON.stringify(memberArgument('AlphaMSP')));
  assert.equal(parseDomainError(answer.message)?.code, 'ROLE_REQUIRED', 'a certificate without a role');
});

for (const name of [
  '',
  ':',
  'member',
  'member:',
  'member:nothing',
  'member:__proto__',
  'member:constructor',
  'member:toString',
  'member:createContext',
  'member:unknownTransaction',
  'member:register:register',
  'member:mëmber\u{1f600}',
  `member:${'\u{1f600}'.repeat(100)}`,
  `member:${'x'.repeat(1_000_000)}`,
  // These the runtime takes for member:register:
  'register',
  ':register',
  ' :register',
  'member:register\n',
  'member:register\u2028:attest',
]) {
  test(`the name ${JSON.stringify(name.slice(0, 40))} is refused as no transaction's`, async () => {
    const { answer, stub } = await call(name, JSON.stringify(memberArgument('AlphaMSP')));
    assert.equal(answer.status, REFUSED);
    const refusal = parseDomainError(answer.message);
    assert.equal(refusal?.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, /^there is no transaction /);
    assert.ok(answer.message.isWellFormed() && answer.message.length < 200);
    assert.equal(wrote(stub), false);
  });
}

// The runtime looks the contract up itself, and counts arguments, before any code of ours is reached.
for (const [name, ...args] of [
  ['__proto__:x', '{}'],
  ['constructor:x', '{}'],
  ['toString:toString', '{}'],
  ['nobody:register', '{}'],
  ['MEMBER:register', '{}'],
  ['\ud800:register', '{}'],
  [`${'x'.repeat(1_000_000)}:register`, '{}'],
  ['org.hyperledger.fabric:GetMetadata', '{}'],
  ['member:register'],
  ['member:register', '{}', '{}'],
] as const) {
  test(`${JSON.stringify(name.slice(0, 40))} with ${args.length} arguments is refused by the runtime`, async () => {
    const { answer, stub } = await call(name, ...args);
    assert.equal(answer.status, REFUSED);
    assert.ok(answer.message.isWellFormed());
    assert.equal(wrote(stub), false);
  });
}

test('transient data is refused, whatever it is and whoever sends it', async () => {
  const { mspId, certificate } = signer;
  const proposal = { txId: 'a'.repeat(64), at: new Date(), mspId, role: null, person: 'ann', certificate };
  const stub = new MemoryStub({ rows: new Map(), history: new Map() }, proposal, mspId);
  const told: string[] = [];
  for (const [role, name] of [
    ['operator', 'member:register'],
    ['trainer', 'round:attest'],
    ['auditor', 'member:list'],
  ] as const) {
    stub.transient = new Map([['x', Buffer.alloc(1)]]);
    const asked = { stub, proposal: { ...proposal, role }, sent: undefined, now: Date.now() };
    const attempt = execute(name, '{}', { ...asked, log: (line) => told.push(line) });
    const refusal = await refusalOf(attempt);
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, /transient data is not taken/);
  }
  assert.deepEqual(told, [], 'and nothing of it is logged');
});

test('what the runtime logs of a name is cut, however long the name is', async () => {
  const logger = require('fabric-shim/lib/logger.js').getLogger('contracts-spi/chaincodefromcontract.js');
  const lines: string[] = [];
  const keep = ({ message }: { message: string }) => void lines.push(message);
  const [transport] = logger.transports;
  logger.on('data', keep);
  logger.level = 'error';
  transport.silent = true;
  try {
    await call(`${'x'.repeat(1_000_000)}:register`, '{}');
  } finally {
    logger.level = 'fatal';
    transport.silent = false;
    logger.off('data', keep);
  }
  assert.ok(lines.length > 0);
  for (const line of lines) {
    assert.match(line, /(not known:|Invoking) x+ … \(1\d+ characters\)$/);
    assert.ok(line.length < 2100);
  }
});

const LIMITED_LOG = 'contracts-spi/datamarshall.js';

test('a text that is too long for every transaction is read no further than that', () => {
  const serializer = new serializers.serializers.text();
  for (const character of ['x', 'é', '漢', '😀']) {
    const text = character.repeat(ARGUMENT_BYTES_MAX + 1);
    const { value, validateData } = serializer.fromBuffer(Buffer.from(text));
    assert.ok(Buffer.byteLength(value) > ARGUMENT_BYTES_MAX, 'too long still');
    assert.ok(value.length <= ARGUMENT_BYTES_MAX + 1);
    assert.ok(validateData.length < 10, 'the runtime makes JSON of this');
  }
  const longest = 'x'.repeat(ARGUMENT_BYTES_MAX);
  assert.equal(serializer.fromBuffer(Buffer.from(longest)).value, longest);
  assert.equal(serializer.fromBuffer(Buffer.from(' {"é": "漢😀"}\n')).value, ' {"é": "漢😀"}\n');
  assert.equal(serializer.fromBuffer(Buffer.alloc(0)).value, '');
});

test('nothing long is made of a long argument, or logged of it, before it is refused', async (t) => {
  const stringify = t.mock.method(JSON, 'stringify');
  const { answer } = await call('member:register', 'x'.repeat(1_000_000));
  assert.equal(
    parseDomainError(answer.message)?.code,
    'ROLE_REQUIRED',
    'who may not send it learns only this',
  );
  for (const { result } of stringify.mock.calls) assert.ok(String(result).length < 10_000);
  const made = t.mock.method(String.prototype, 'slice');
  require('fabric-shim/lib/logger.js').getLogger(LIMITED_LOG).debug('x'.repeat(1_000_000));
  assert.equal(made.mock.callCount(), 0, 'what is not logged is not cut');
});
