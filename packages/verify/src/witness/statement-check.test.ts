import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { blockBytes } from '../testing/block-bytes.ts';
import { KEYS } from '../testing/made-certificate.ts';
import { highS } from '../testing/signature-forms.ts';
import { signedStatement } from '../testing/signed-statement.ts';
import {
  CHANNEL,
  mspConfig,
  type Organisation,
  organisation,
  SyntheticChannel,
  setOrganisationValue,
} from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { statementOrdererProblem, statementProblem } from './statement-check.ts';
import {
  parseStatement,
  STATEMENT_BYTES_MAX,
  statementBytes,
  statementJson,
  type WitnessStatement,
  writeStatement,
} from './witness-statement.ts';

const DAY_MS = 24 * 60 * 60_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

describe("a gateway's statement", () => {
  let organisations: Organisation[];
  let ordererAuthority: Authority;
  let orderers: Signer[];
  let channel: SyntheticChannel;
  let operator: Signer;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP', 'CMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    ordererAuthority = await Authority.create('OrdererMSP');
    orderers = [await ordererAuthority.issue('orderer')];
    operator = await authority('BMSP').issue('client', { role: 'operator' });
    channel = open('etcdraft');
    channel.transact({ rows: [{ key: 'a', value: '1' }], endorsers: channel.peers });
  });

  const authority = (mspId: string) => organisations.find((one) => one.authority.mspId === mspId)!.authority;
  const open = (consensus: 'etcdraft' | 'BFT') =>
    new SyntheticChannel(organisations, { orderers, ordererAuthority, consensus });
  const signed = (signer: Signer, other: Partial<WitnessStatement> = {}, block = channel.blocks.at(-1)!) =>
    signedStatement(block, signer, { genesis: channel.genesis, ...other });

  /** The first thing that is wrong with a statement as it comes to a gateway. */
  function refusal(
    statement: WitnessStatement | Uint8Array,
    under: { readonly configuration?: ShownBlock; readonly present?: ShownBlock } = {},
  ): string {
    try {
      const read = parseStatement(statement instanceof Uint8Array ? statement : writeStatement(statement));
      const { configuration: given = channel.blocks[0]!, present = given } = under;
      const configuration = blockBytes(given);
      const place = { channel: CHANNEL, genesis: channel.genesis, nowMs: Date.now(), configuration };
      const problem = statementProblem(read, { ...place, present: blockBytes(present) });
      if (problem !== undefined) return `${problem.reason}: ${problem.text}`;
      const unsigned = statementOrdererProblem(read, configuration);
      return unsigned === undefined ? 'none' : `orderers: ${unsigned}`;
    } catch (error) {
      return `unreadable: ${(error as Error).message}`;
    }
  }

  it('counts where an operator of the hospital signed a header that orderers signed', () => {
    assert.equal(refusal(signed(operator)), 'none');
    const bft = open('BFT');
    const block = bft.transact({ rows: [{ key: 'a', value: '1' }], endorsers: bft.peers });
    const statement = signedStatement(block, operator, { genesis: channel.genesis });
    assert.equal(statementOrdererProblem(statement, blockBytes(bft.blocks[0]!)), undefined);
  });

  it('is refused of another channel or ledger', () => {
    assert.match(refusal(signed(operator, { channel: 'other' })), /^channel: it is of the channel other/);
    const genesis = 'ab'.repeat(32);
    assert.match(
      refusal(signed(operator, { genesis })),
      /^genesis: it is of a ledger with the genesis block ab/,
    );
  });

  it("is refused in another hospital's name, or in the name of nobody of the channel", async () => {
    const strange = await (await Authority.create('StrangeMSP')).issue('client', { role: 'operator' });
    assert.match(refusal(signed(operator, { mspId: 'CMSP' })), /^signer: its signer: CMSP has no authority/);
    assert.match(refusal(signed(strange)), /^signer: StrangeMSP is no organisation of the channel/);
    assert.match(refusal(signed(strange, { mspId: 'BMSP' })), /^signer: its signer: BMSP has no authority/);
    const ordering = await ordererAuthority.issue('client', { role: 'operator' });
    assert.match(refusal(signed(ordering)), /^signer: OrdererMSP is no organisation of the channel/);
    assert.match(refusal(signed(operator, { certificate: 'none' })), /^signer: .*not a certificate in PEM/);
    const { pem } = authority('BMSP');
    assert.match(refusal(signed(operator, { certificate: pem })), /^signer: .*of an authority/);
  });

  it('is refused of anybody but an operator: other keys of a hospital do not speak for its gateway', async () => {
    for (const role of ['auditor', 'researcher', 'steward', 'trainer', undefined]) {
      const signer = await authority('BMSP').issue('client', role === undefined ? {} : { role });
      assert.match(refusal(signed(signer)), /^role: its signer has not the role operator/);
    }
    const [, { peer }] = organisations as [Organisation, Organisation];
    assert.match(refusal(signed(peer)), /^role: /);
  });

  it('is refused by times that its certificate does not cover, and from the future', async () => {
    const expired = await authority('BMSP').issue('client', { role: 'operator', notAfter: inDays(-1) });
    assert.match(refusal(signed(expired)), /^time: its certificate was not valid any more at/);
    const backDated = signed(expired, { at: inDays(-2).toISOString() });
    assert.match(refusal(backDated), /^time: its certificate is not valid any more/);
    const early = await authority('BMSP').issue('client', { role: 'operator', notBefore: inDays(1) });
    assert.match(refusal(signed(early)), /^time: its certificate was not valid yet at/);
    assert.match(refusal(signed(operator, { at: inDays(1).toISOString() })), /^time: .*in the future/);
  });

  it('is refused of a certificate that was revoked, then or since', async () => {
    const revoking = channel.fork();
    const list = mspConfig(authority('BMSP'), [await authority('BMSP').revoke([operator])]);
    const { admin } = organisations[1]!;
    const change = revoking.reconfigure((root) => setOrganisationValue(root, 'BMSP', list), [admin]);
    const after = revoking.add([]);
    const statement = signed(operator);
    assert.match(refusal(statement, { present: change }), /^signer: its signer: its certificate is revoked/);
    const later = signed(operator, {}, after);
    assert.match(refusal(later, { configuration: change }), /^signer: .* is revoked/);
    assert.equal(refusal(statement), 'none');
  });

  it('is refused where a byte of it is another, and under a signature for something else', () => {
    const statement = signed(operator);
    const { signature } = statement;
    assert.match(refusal({ ...statement, at: inDays(-1).toISOString() }), /^signature: .* does not hold/);
    const header = { ...statement.header, dataHash: Buffer.alloc(32) };
    assert.match(refusal({ ...statement, header }), /^signature: /);
    const orderers = { ...statement.orderers, signatures: [] };
    assert.match(refusal({ ...statement, orderers }), /^signature: /);
    assert.match(refusal({ ...statement, signature: highS(signature) }), /^signature: /);
    assert.match(refusal({ ...statement, signature: Buffer.alloc(0) }), /^signature: /);
    const { signature: _, ...unsigned } = statementJson(statement);
    const asText = operator.sign(Buffer.from(canonicalJson(unsigned)));
    assert.match(refusal({ ...statement, signature: asText }), /^signature: /);
    const [{ client }] = organisations as [Organisation];
    const other = client.sign(statementBytes(statement));
    assert.match(refusal({ ...statement, signature: other }), /^signature: /);
  });

  it('has one form of a signature by P-224 too, which may be as long as one by Ed25519', async () => {
    const own = KEYS.p224();
    const statement = signed(await authority('BMSP').issue('client', { role: 'operator', own }), {
      signature: new Uint8Array(),
    });
    // As long as can be but for one byte, which anyone could put behind it, and with the smaller s.
    let signature = new Uint8Array();
    while (signature.length !== 63 || refusal({ ...statement, signature }) !== 'none') {
      signature = new Uint8Array(sign('sha256', statementBytes(statement), own.privateKey));
    }
    const longer = Uint8Array.of(...signature, 0);
    assert.match(refusal({ ...statement, signature: longer }), /^signature: .* not in the shortest form/);
  });

  it('is refused with a header that no orderer signed, though the gateway did', () => {
    const { header, orderers: word } = channel.blocks.at(-1)!;
    const other = { ...header, dataHash: Buffer.alloc(32, 7) };
    assert.match(
      refusal(signed(operator, { header: other })),
      /^orderers: a signature of OrdererMSP does not hold/,
    );
    const none = { ...word!, signatures: [] };
    assert.match(refusal(signed(operator, { orderers: none })), /^orderers: no orderer signed it/);
    const [{ peer }] = organisations as [Organisation];
    const byPeer = channel.orderersOn(other, [peer], 0);
    assert.match(refusal(signed(operator, { header: other, orderers: byPeer })), /^orderers: .*not those/);
  });

  it('is refused where it is not in its one form, of block 0, or larger than any is', () => {
    const statement = signed(operator);
    const bytes = writeStatement(statement);
    assert.match(refusal(Buffer.concat([bytes, Buffer.from('\n')])), /^unreadable: not in canonical form/);
    assert.match(refusal(Buffer.from('[')), /^unreadable: not a line of evidence/);
    const more = canonicalJson({ ...statementJson(statement), comment: 'trust me' });
    assert.match(refusal(Buffer.from(more)), /^unreadable: comment is of no known meaning/);
    const format = canonicalJson({ ...statementJson(statement), format: 'consilium-witness/9' });
    assert.match(refusal(Buffer.from(format)), /^unreadable: the format is not consilium-witness/);
    assert.match(refusal(Buffer.alloc(STATEMENT_BYTES_MAX + 1, 0x20)), /^unreadable: it has \d+ bytes/);
    const first = { ...channel.blocks[0]!, orderers: statement.orderers } as ShownBlock;
    assert.match(refusal(signed(operator, {}, first)), /^unreadable: block 0 is signed by no orderer/);
    assert.match(refusal(signed(operator, { at: 'yesterday' })), /^unreadable: at is no time/);
    assert.match(refusal(signed(operator, { at: '2026-01-01' })), /^unreadable: at is no time/);
    const header = { ...statement.header, number: -1 };
    assert.match(refusal(signed(operator, { header })), /^unreadable: number is no count/);
  });
});
