// What a member's encryption key must be, and that nobody registers one without holding its private half.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { encryptionKeyProblem, keyProofMessage } from '@consilium/domain';
import { provesKey } from '@consilium/domain/key-proof';
import { datasetArgument, memberArgument } from '@consilium/domain/testing/examples';
import { memberKey, provenKey } from '@consilium/domain/testing/member-key';
import { MemoryConsortium, refusalOf } from '../testing/memory-consortium.ts';
import { as, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
const keyText = (value: bigint): string => bytesOf(value).toString('base64url');
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** u of every point of small order, as https://cr.yp.to/ecdh.html lists them: below 2^255 - 19, and written otherwise. */
const SMALL_ORDER = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  FIELD - 1n,
  FIELD,
  FIELD + 1n,
];

const operator = as('operator', 'AlphaMSP');
const ledgerOf = () => new MemoryConsortium(MEMBERS);
const sound = memberArgument('AlphaMSP');
const register = (argument: object, ledger = ledgerOf()) =>
  ledger.submit(operator, 'member:register', JSON.stringify({ ...sound, ...argument }));

for (const [title, key, says] of [
  ['text that is no key', 'A'.repeat(43), /small order/],
  [
    'a last character with bits that no byte has',
    sound.encryptionPublicKey.replace(/.$/, 'B'),
    /canonical base64url/,
  ],
  ['a number above the field', keyText(FIELD + 9n), /below 2\^255 - 19/],
  [
    'the high bit, which X25519 ignores',
    keyText(numberOf(Buffer.from(sound.encryptionPublicKey, 'base64url')) + 2n ** 255n),
    /below 2\^255 - 19/,
  ],
  ['padding', `${sound.encryptionPublicKey}=`, /X25519 public key/],
  ...SMALL_ORDER.map((u, i) => [`point ${i} of small order`, keyText(u), /small order|below/] as const),
  ...SMALL_ORDER.map(
    (u, i) => [`point ${i} of small order under a high bit`, keyText(u + 2n ** 255n), /below/] as const,
  ),
] as const) {
  test(`nobody registers ${title} as a key`, async () => {
    const refusal = await refusalOf(register({ encryptionPublicKey: key }));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, /^encryptionPublicKey /);
    assert.match(refusal.detail, says);
  });
}

const proof = Buffer.from(sound.keyProof, 'base64url');
const withScalar = (scalar: bigint): string =>
  Buffer.concat([proof.subarray(0, 32), bytesOf(scalar)]).toString('base64url');
const own = memberKey('AlphaMSP');
const { encryptionPublicKey } = own;
const message = keyProofMessage({ channel: 'consortium', mspId: 'AlphaMSP', encryptionPublicKey });

for (const [title, change] of [
  ["another member's key with its proof", provenKey('BetaMSP', 'BetaMSP')],
  ['a proof by another key', { keyProof: memberKey('BetaMSP').proof('AlphaMSP') }],
  ['a proof of this key for another member', { keyProof: own.proof('BetaMSP') }],
  ['a proof for another channel', { keyProof: own.proof('AlphaMSP', 'elsewhere') }],
  [
    'a proof that names another key',
    { keyProof: own.sign(message.replace(encryptionPublicKey, 'A'.repeat(43))) },
  ],
  ['a signature for another purpose', { keyProof: own.sign(message.replace(' v1', ' v2')) }],
  ['a scalar with the order added to it', { keyProof: withScalar(numberOf(proof.subarray(32)) + ORDER) }],
  [
    'a scalar with a bit that means the sign elsewhere',
    { keyProof: withScalar(numberOf(proof.subarray(32)) + 2n ** 255n) },
  ],
  ['a signature of zeros', { keyProof: Buffer.alloc(64).toString('base64url') }],
  [
    'the identity and zero',
    { keyProof: Buffer.concat([bytesOf(1n), Buffer.alloc(32)]).toString('base64url') },
  ],
  ['a coordinate of the twist', { encryptionPublicKey: keyText(2n) }],
] as const) {
  test(`a key is not registered with ${title}`, async () => {
    assert.equal((await refusalOf(register(change))).code, 'KEY_UNPROVEN');
  });
}

test('a proof has one text', async () => {
  for (const keyProof of [`${sound.keyProof.slice(0, -1)}B`, `${sound.keyProof}==`, '']) {
    const refusal = await refusalOf(register({ keyProof }));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, /^keyProof /);
  }
});

test('a proof of which any one bit is turned proves nothing', () => {
  const claim = { channel: 'consortium', mspId: 'AlphaMSP', encryptionPublicKey };
  assert.ok(provesKey({ ...claim, keyProof: sound.keyProof }));
  for (let bit = 0; bit < 512; bit += 7) {
    const turned = Buffer.from(proof);
    turned[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!provesKey({ ...claim, keyProof: turned.toString('base64url') }), `bit ${bit}`);
  }
});

test('keys and proofs are as these vectors say', () => {
  // Keys from RFC 7748, section 6.1, which have no problem; and one proof, for good.
  for (const hex of [
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ]) {
    assert.equal(encryptionKeyProblem(Buffer.from(hex, 'hex').toString('base64url')), undefined);
  }
  assert.equal(
    message,
    `{"channel":"consortium","encryptionPublicKey":"${VECTOR.encryptionPublicKey}","mspId":"AlphaMSP",` +
      '"purpose":"consilium member encryption key v1"}',
  );
  assert.deepEqual({ encryptionPublicKey, keyProof: sound.keyProof }, VECTOR);
});

const VECTOR = {
  encryptionPublicKey: 'boGMPdsSQv8EC4umWG4g6dA9ndrYsQIwe7_m1BAHviM',
  keyProof: '1DvAkt23HICjiZV1SQL_hzzw2VnTCSNOkP0tiSpWS3u-n2dMpFW1zxhHsjaajjWuUyPQa2duvycPSKK_keJzDw',
};

test('a key is rotated by its operator, and the row says which key is in force since when', async () => {
  const ledger = ledgerOf();
  const first = await register({}, ledger);
  assert.deepEqual([first.keyNumber, first.keySince], [1, first.registeredAt]);
  const next = provenKey('Alpha, second', 'AlphaMSP');
  const rotated = await ledger.submit(operator, 'member:rotateKey', next);
  assert.deepEqual(rotated, { ...first, ...next, keyNumber: 2, keySince: rotated.keySince });
  assert.ok(rotated.keySince > first.registeredAt);
  assert.deepEqual(ledger.events.at(-1), { name: 'MemberKeyRotated', payload: { mspId: 'AlphaMSP' } });
  assert.deepEqual(await ledger.evaluate(operator, 'member:get', { mspId: 'AlphaMSP' }), rotated);
});

test('no key comes back: not the one in force, nor one before it, nor as that of another member', async () => {
  const ledger = ledgerOf();
  await register({}, ledger);
  const rotate = (words: string) => ledger.submit(operator, 'member:rotateKey', provenKey(words, 'AlphaMSP'));
  assert.equal((await refusalOf(rotate('AlphaMSP'))).code, 'KEY_USED');
  await rotate('second');
  assert.equal((await refusalOf(rotate('AlphaMSP'))).code, 'KEY_USED');
  const shared = { title: 'Beta', ...provenKey('AlphaMSP', 'BetaMSP') };
  const other = ledger.submit(as('operator', 'BetaMSP'), 'member:register', shared);
  assert.equal((await refusalOf(other)).code, 'KEY_USED');
});

test("no member's rotation invalidates what others have sent meanwhile", async () => {
  const ledger = await StudyOnLedger.proposed();
  const beta = as('steward', 'BetaMSP');
  const asked = { studyId: STUDY, datasetId: 'beta' };
  const { claimedEpsilon } = await ledger.evaluate(beta, 'privacy:quote', asked);
  const consent = { ...asked, claimedEpsilon };
  const another = datasetArgument('another');
  const sent = [
    ['study:consent', consent, await ledger.endorse(beta, 'study:consent', consent)],
    ['dataset:register', another, await ledger.endorse(beta, 'dataset:register', another)],
  ] as const;
  await ledger.submit(operator, 'member:rotateKey', provenKey('second', 'AlphaMSP'));
  for (const [name, argument, endorsed] of sent) {
    assert.equal(ledger.commit(name, JSON.stringify(argument), endorsed), 'VALID');
  }
  const { items } = await ledger.evaluate(beta, 'member:list', {});
  assert.deepEqual(items[0], await ledger.evaluate(beta, 'member:get', { mspId: 'AlphaMSP' }));
  assert.equal(items[0].keyNumber, 2);
});

test('a key is rotated only with a proof, by an operator, of a member', async () => {
  const ledger = ledgerOf();
  const next = provenKey('second', 'AlphaMSP');
  const rotate = (role: 'operator' | 'trainer', argument: object = next) =>
    ledger.submit(as(role, 'AlphaMSP'), 'member:rotateKey', JSON.stringify(argument));
  assert.equal((await refusalOf(rotate('operator'))).code, 'NOT_A_MEMBER');
  await register({}, ledger);
  assert.equal((await refusalOf(rotate('trainer'))).code, 'ROLE_REQUIRED');
  const stolen = provenKey('second', 'BetaMSP');
  assert.equal((await refusalOf(rotate('operator', stolen))).code, 'KEY_UNPROVEN');
  const small = { ...next, encryptionPublicKey: keyText(1n) };
  assert.equal((await refusalOf(rotate('operator', small))).code, 'INVALID_ARGUMENT');
  assert.equal((await rotate('operator')).keyNumber, 2);
});
