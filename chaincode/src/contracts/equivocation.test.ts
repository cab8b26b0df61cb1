// A member that says two things: the second is refused, and anyone who holds it signed can prove it on the ledger.
import { strict as assert } from 'node:assert';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { STATEMENT_BYTES_MAX } from '@consilium/domain';
import { aggregate, verdictArgument } from '@consilium/domain/testing/examples';
import { sha256 } from '../ledger/digest.ts';
import { refusalOf } from '../testing/memory-consortium.ts';
import { createSigner, type SaidTo, signedProposal, type TestSigner } from '../testing/signed-proposal.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';
import { proposalParts } from './signed-statement.ts';
import { publicKeyOf } from './signer.ts';

const delta = await createSigner('DeltaMSP');
const other = await createSigner('DeltaMSP');

const attestation = (text: string, round = 1) => ({
  studyId: STUDY,
  round,
  parametersSha256: aggregate(text).parametersSha256,
});
const verdict = (accepted: boolean) =>
  verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['delta'], accepted });

/** A round in which Delta, whose certificate is real, has accepted and attested like everyone. */
async function attested(honest = true): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.running({ quorum: { updates: 3, validators: 3 } });
  await study.trained(1);
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: delta.certificate };
  for (const mspId of MEMBERS.slice(0, 3)) await study.verdict(mspId, 1);
  await study.submit(caller, 'round:recordVerdict', verdict(true));
  await study.tally(1);
  for (const mspId of MEMBERS.slice(0, 2)) await study.attest(mspId, 1);
  if (!honest) await study.attest('GammaMSP', 1, 'another');
  await study.submit(caller, 'round:attest', attestation('model 1'));
  return study;
}

const report = (study: StudyOnLedger, change: object) =>
  study.submit(
    as('auditor', 'AlphaMSP'),
    'round:reportEquivocation',
    JSON.stringify({ studyId: STUDY, round: 1, statement: 'attestation', ...change }),
  );
const second = (signer = delta, said: object = attestation('another'), to: SaidTo = {}) => {
  const { transactionId: _, ...signed } = signedProposal(signer, 'round:attest', said, to);
  return signed;
};

test('a second attestation is refused and changes nothing; its report stays as evidence', async () => {
  const study = await attested();
  const snapshot = study.snapshot();
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: delta.certificate };
  const again = study.submit(caller, 'round:attest', attestation('another'));
  assert.equal((await refusalOf(again)).code, 'ATTESTATION_EXISTS');
  assert.equal(study.snapshot(), snapshot);

  const signed = signedProposal(delta, 'round:attest', attestation('another'));
  const { transactionId, proposal, signature } = signed;
  const evidence = await report(study, { proposal, signature });
  assert.equal(evidence.mspId, 'DeltaMSP');
  assert.equal(evidence.reportedBy, 'AlphaMSP');
  assert.equal(evidence.contradictingTransactionId, transactionId);
  assert.notEqual(evidence.recordedSha256, evidence.contradictingSha256);
  const page = await study.evaluate(as('auditor', 'BetaMSP'), 'round:listEquivocations', { studyId: STUDY });
  assert.deepEqual(page.items, [evidence]);
  const dossier = await study.evaluate(as('auditor', 'BetaMSP'), 'round:getDossier', {
    studyId: STUDY,
    round: 1,
  });
  assert.deepEqual(dossier.equivocations, [evidence]);
  assert.equal((await refusalOf(report(study, { proposal, signature }))).code, 'EQUIVOCATION_EXISTS');
});

test('who contradicted itself counts no more among the N behind an aggregate', async () => {
  const study = await attested(false);
  const honest = structuredClone(study.world);
  await study.finalize(1);
  study.world.rows.clear();
  for (const [key, row] of honest.rows) study.world.rows.set(key, row);
  await report(study, second());
  const refusal = await refusalOf(study.finalize(1));
  assert.equal(refusal.code, 'QUORUM_NOT_REACHED');
  assert.match(refusal.detail, /^2 members/);
  assert.equal((await study.abortRound(1)).state, 'aborted', 'the round is not stuck');
});

test('a statement that names another chaincode beside its arguments is evidence, since peers ran it here', async () => {
  const study = await attested();
  const evidence = await report(study, second(delta, attestation('another'), { besideArguments: 'toy' }));
  assert.equal(evidence.mspId, 'DeltaMSP');
});

for (const [title, rewrite] of [
  ['text around it', (pem: string) => `whoever I may be\n${pem}\n\n`],
  ['other line ends', (pem: string) => pem.replaceAll('\n', '\r\n')],
  ["its issuer's signature written otherwise", withOtherSignature],
] as const) {
  test(`a second statement is evidence although its certificate has ${title}`, async () => {
    const study = await attested();
    const certificate = rewrite(delta.certificate);
    assert.notEqual(certificate, delta.certificate);
    const evidence = await report(study, second({ ...delta, certificate }));
    assert.equal(evidence.mspId, 'DeltaMSP');
  });
}

test('a statement that was recorded under the digest of its certificate can be contradicted too', async () => {
  const study = await attested();
  const [key, row] = [...study.world.rows].find(
    ([name]) => name.startsWith('\u0000attestation\u0000') && name.includes('DeltaMSP'),
  )!;
  const value = JSON.parse(Buffer.from(row.value).toString());
  const old = { ...value, signerSha256: sha256(delta.certificate) };
  study.world.rows.set(key, { ...row, value: Buffer.from(JSON.stringify(old)) });
  assert.equal((await report(study, second())).mspId, 'DeltaMSP');
});

test('a certificate that is not readable signs no statement', () => {
  const encrypted = delta.certificate.replace(
    'CERTIFICATE-----\n',
    'CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n',
  );
  assert.throws(() => publicKeyOf(Buffer.from(encrypted)), { code: 'INVALID_ARGUMENT' });
});

test('nobody chooses where a report is made: what the report names beside its arguments does not count', () => {
  const { proposal } = signedProposal(other, 'round:reportEquivocation', {}, { besideArguments: 'toy' });
  assert.equal(proposalParts(Buffer.from(proposal, 'base64')).chaincode, 'consilium');
});

test('a finalised round says whose support did not count', async () => {
  const study = await attested();
  await study.attest('GammaMSP', 1);
  await report(study, second());
  const round = await study.finalize(1);
  assert.deepEqual(round.disqualified, ['DeltaMSP']);
});

test('a second, different verdict is evidence as well', async () => {
  const study = await attested();
  const signed = signedProposal(delta, 'round:recordVerdict', verdict(false));
  const { proposal, signature } = signed;
  const evidence = await report(study, { statement: 'verdict', proposal, signature });
  assert.equal(evidence.statement, 'verdict');
});

test('a verdict that leaves out a score is no contradiction, and one that has another score is', async () => {
  const study = await attested();
  const said = (change: object) => {
    const { transactionId: _, ...signed } = signedProposal(delta, 'round:recordVerdict', {
      ...verdict(true),
      ...change,
    });
    return report(study, { statement: 'verdict', ...signed });
  };
  const withdrawn = await refusalOf(said({ scores: [] }));
  assert.equal(withdrawn.code, 'EQUIVOCATION_UNPROVEN');
  assert.match(withdrawn.detail, /say the same/);
  const [score] = verdict(true).scores;
  assert.equal((await said({ scores: [{ ...score, right: '59' }] })).mspId, 'DeltaMSP');
});

for (const [title, change, says] of [
  ['the same statement again', () => second(delta, attestation('model 1')), /the two say the same/],
  ['a statement signed by a certificate of its own', () => second(other), /another key signed/],
  [
    'a statement whose signature is of other bytes',
    () => ({ proposal: second().proposal, signature: second().signature }),
    /signature does not fit/,
  ],
  ['a statement on another round', () => second(delta, attestation('another', 2)), /about another round/],
  ['a statement made on another channel', () => second(delta, undefined, { channel: 'test' }), /on test/],
  [
    'a statement made to another chaincode',
    () => second(delta, undefined, { chaincode: 'toy' }),
    /said to toy/,
  ],
  [
    'another kind of statement',
    () => {
      const { proposal, signature } = signedProposal(delta, 'round:recordVerdict', verdict(true));
      return { proposal, signature };
    },
    /it is no attestation/,
  ],
  ['bytes that are no proposal', () => ({ proposal: 'AAAA', signature: 'AAAA' }), /is not a signed proposal/],
] as const) {
  test(`nobody is framed by ${title}`, async () => {
    const study = await attested();
    const snapshot = study.snapshot();
    const refusal = await refusalOf(report(study, change()));
    assert.equal(refusal.code, 'EQUIVOCATION_UNPROVEN');
    assert.match(refusal.detail, says);
    assert.equal(study.snapshot(), snapshot);
  });
}

/** Delta sends its second attestation so often; what one peer's log has of it. */
async function refusedTimes(study: StudyOnLedger, times: number, said: object, signer = delta) {
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: signer.certificate };
  const before = study.log.length;
  for (let i = 0; i < times; i++) {
    study.sent = signedProposal(signer, 'round:attest', said);
    await refusalOf(
      study.submit(caller, 'round:attest', said as ReturnType<typeof attestation>, ['AlphaMSP']),
    );
  }
  study.sent = undefined;
  return study.log.slice(before).map((line) => ({ line, ...JSON.parse(line) }));
}

test('a refused contradiction goes to the log once, signed, as the report takes it, and then as a digest', async () => {
  const study = await attested();
  const lines = await refusedTimes(study, 20, attestation('another'));
  assert.equal(lines.length, 20);
  const [first, ...others] = lines;
  assert.equal(first.refused, 'ATTESTATION_EXISTS');
  for (const { line, proposalSha256, transactionId } of others) {
    assert.ok(line.length < 300, line);
    assert.match(proposalSha256, /^[0-9a-f]{64}$/);
    assert.ok(transactionId);
  }
  const { proposal, signature } = first;
  assert.equal((await report(study, { proposal, signature })).mspId, 'DeltaMSP');
});

test('what is no evidence goes to the log as a digest: the same words again, and what is reported already', async () => {
  const study = await attested();
  for (const { line } of await refusedTimes(study, 3, attestation('model 1'))) assert.ok(line.length < 300);
  const stranger = await createSigner('DeltaMSP');
  for (const { line } of await refusedTimes(study, 3, attestation('another'), stranger)) {
    assert.ok(line.length < 300, 'another key proves nothing');
  }
  await report(study, second());
  for (const { line } of await refusedTimes(study, 3, attestation('a third'))) assert.ok(line.length < 300);
});

test('a score that is named after the verdict contradicts nothing, and the log has nothing of it', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  await study.verdict('DeltaMSP', 1);
  const said = { studyId: STUDY, round: 1, datasetId: 'delta', scoreSha256: sha256('score') };
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: delta.certificate };
  study.sent = signedProposal(delta, 'round:commitScore', said);
  const refusal = await refusalOf(study.submit(caller, 'round:commitScore', said));
  assert.equal(refusal.code, 'VERDICT_EXISTS');
  assert.deepEqual(study.log, []);
});

/** A first attestation that Delta wants nobody to hold against it later. */
async function firstAttestation(sent: { proposal: string; signature: string }, signer = delta) {
  const study = await attested();
  for (const key of [...study.world.rows.keys()]) {
    if (key.startsWith('\u0000attestation\u0000') && key.includes('DeltaMSP')) study.world.rows.delete(key);
  }
  study.sent = sent;
  const caller = { ...as('trainer', 'DeltaMSP'), certificate: signer.certificate };
  return study.submit(caller, 'round:attest', attestation('model 1'));
}

for (const [title, sent, says] of [
  [
    'padded beyond what a report takes',
    () => signedProposal(delta, 'round:attest', attestation('model 1'), { padding: 100_000 }),
    /at most 98304 bytes/,
  ],
  [
    'encoded so that the runtime passes on other bytes than were signed',
    () => {
      const { proposal, signature } = signedProposal(delta, 'round:attest', attestation('model 1'));
      // An unknown field, which the runtime leaves out, is under its sender's signature.
      const bytes = Buffer.concat([Buffer.from(proposal, 'base64'), Buffer.of(0xf8, 0x7f, 1)]);
      const signed = sign('sha256', bytes, createPrivateKey(delta.privateKeyPem)).toString('base64');
      assert.notEqual(signed, signature);
      return { proposal, signature: signed };
    },
    /signature can be verified again/,
  ],
] as const) {
  test(`a first statement is not taken ${title}`, async () => {
    const refusal = await refusalOf(firstAttestation(sent()));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, says);
    const plain = signedProposal(delta, 'round:attest', attestation('model 1'));
    assert.equal((await firstAttestation(plain)).mspId, 'DeltaMSP');
  });
}

test('a first statement is not taken from a key whose signature no report can verify', async () => {
  const edwards = await createSigner('DeltaMSP', true);
  const refusal = await refusalOf(
    firstAttestation(signedProposal(edwards, 'round:attest', attestation('model 1')), edwards),
  );
  assert.equal(refusal.code, 'INVALID_ARGUMENT');
  assert.match(refusal.detail, /ECDSA key on P-256 or P-384, not ed25519/);
});

test('the largest statement that is taken can be reported', async () => {
  const padding = STATEMENT_BYTES_MAX - Buffer.from(second().proposal, 'base64').length - 100;
  const study = await attested();
  const largest = second(delta, attestation('another'), { padding });
  assert.ok(Buffer.from(largest.proposal, 'base64').length > STATEMENT_BYTES_MAX - 200);
  assert.equal((await report(study, largest)).mspId, 'DeltaMSP');
});

test('a report of a statement that is nested without end is refused, not a failure', async () => {
  const study = await attested();
  const deep = signedProposalOfText(
    delta,
    'round:attest',
    `{"studyId":"${STUDY}","round":1,"x":${'['.repeat(30_000)}`,
  );
  const refusal = await refusalOf(report(study, deep));
  assert.equal(refusal.code, 'EQUIVOCATION_UNPROVEN');
  const closed = `{"studyId":"${STUDY}","round":1,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
  const again = await refusalOf(report(study, signedProposalOfText(delta, 'round:attest', closed)));
  assert.equal(again.code, 'EQUIVOCATION_UNPROVEN');
});

const signedProposalOfText = (signer: TestSigner, transaction: string, text: string) => {
  const { transactionId: _, ...signed } = signedProposal(signer, transaction, text);
  return signed;
};

/** The certificate with (r, n - s) in place of its issuer's (r, s), which is as good a signature by ECDSA. */
function withOtherSignature(pem: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [body, algorithm, signature] = partsOf(new X509Certificate(pem).raw);
  const [r, s] = partsOf(signature!.subarray(3));
  const other = (order - BigInt(`0x${s!.subarray(2).toString('hex')}`)).toString(16).padStart(64, '0');
  const positive = Buffer.from(other[0]! >= '8' ? `00${other}` : other, 'hex');
  const signed = element(0x30, r!, element(0x02, positive));
  const certificate = element(0x30, body!, algorithm!, element(0x03, Buffer.of(0), signed));
  const text = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

/** One value in DER, of less than 64 KiB. */
function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

/** The values in one of DER, each with its tag and length. */
function partsOf(sequence: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = contentOf(sequence); rest.length > 0; rest = rest.subarray(parts.at(-1)!.length)) {
    const content = contentOf(rest);
    parts.push(rest.subarray(0, content.byteOffset - rest.byteOffset + content.length));
  }
  return parts;
}

function contentOf(value: Buffer): Buffer {
  const first = value[1]!;
  const digits = first < 128 ? 0 : first - 128;
  const length = digits === 0 ? first : value.readUIntBE(2, digits);
  return value.subarray(2 + digits, 2 + digits + length);
}
