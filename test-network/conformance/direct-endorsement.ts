/** A peer's own endorser service, which the gateway of another organisation, or an older client, calls. */

import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { gateway, msp, peer } from '@hyperledger/fabric-protos';
import type { LedgerClient } from './ledger-client.ts';
import type { Subject } from './subject.ts';

export function directEndorsement(subject: () => Subject): void {
  describe('direct endorsement', { concurrency: 8 }, () => {
    it("is signed by the peer over the result and the peer's own identity", async () => {
      const { a, b, probe } = subject();
      const response = await process(b, await signed(a, { chaincode: probe, method: 'peer', args: [] }));
      assert.equal(response.getResponse()!.getStatus(), 200);
      assert.equal(Buffer.from(response.getResponse()!.getPayload_asU8()).toString(), b.mspId);
      const endorsement = response.getEndorsement()!;
      const endorser = msp.SerializedIdentity.deserializeBinary(endorsement.getEndorser_asU8());
      assert.equal(endorser.getMspid(), b.mspId);
      const certificate = new X509Certificate(endorser.getIdBytes_asU8());
      const message = Buffer.concat([response.getPayload_asU8(), endorsement.getEndorser_asU8()]);
      assert.ok(verify('sha256', message, certificate.publicKey, endorsement.getSignature_asU8()));
    });

    it('is not given with a refusal', async () => {
      const { a, b, probe } = subject();
      const call = { chaincode: probe, method: 'refuse', args: ['no'] };
      const response = await process(b, await signed(a, call));
      assert.equal(response.getResponse()!.getStatus(), 500);
      assert.equal(response.getResponse()!.getMessage(), 'no');
      assert.equal(response.getEndorsement(), undefined);
    });
  });
}

async function signed(
  client: LedgerClient,
  call: { readonly chaincode: string; readonly method: string; readonly args: readonly string[] },
): Promise<peer.SignedProposal> {
  const proposal = client.proposal(call.chaincode, call.method, { args: call.args });
  const signature = await client.sign(proposal.getDigest());
  const bytes = client.gateway.newSignedProposal(proposal.getBytes(), signature).getBytes();
  return gateway.ProposedTransaction.deserializeBinary(bytes).getProposal()!;
}

function process(client: LedgerClient, proposal: peer.SignedProposal): Promise<peer.ProposalResponse> {
  return new Promise((resolve, reject) => {
    client.channel.makeUnaryRequest(
      '/protos.Endorser/ProcessProposal',
      (message: peer.SignedProposal) => Buffer.from(message.serializeBinary()),
      (bytes: Buffer) => peer.ProposalResponse.deserializeBinary(bytes),
      proposal,
      { deadline: Date.now() + 30_000 },
      (error, response) => (response ? resolve(response) : reject(error)),
    );
  });
}
