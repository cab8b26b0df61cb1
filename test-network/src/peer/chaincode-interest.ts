/**
 * What an endorsed transaction will need by way of endorsements: the chaincodes it touched, its keys' own
 * policies, its collections. The gateway plans the other endorsements from this.
 */
import { peer } from '../fabric-protos.ts';
import { VALIDATION_PARAMETER } from '../ledger/key-metadata.ts';
import type { TransactionSimulator } from '../ledger/transaction-simulator.ts';
import type { SignaturePolicyEnvelope } from '../policy/policy-text.ts';
import { decodePolicy } from '../policy/signature-policy.ts';

export function chaincodeInterest(
  simulator: TransactionSimulator,
  namespaces: readonly string[],
  isSystem: (ns: string) => boolean,
): InstanceType<typeof peer.ChaincodeInterest> {
  const keyPolicies = new Map<string, SignaturePolicyEnvelope[]>();
  /** By namespace and collection ("" is public): whether the chaincode's own policy is needed too. */
  const required = new Map<string, Map<string, boolean>>();
  for (const [ns, collections] of simulator.writtenMetadata) {
    const needs = new Map([['', false]]);
    required.set(ns, needs);
    for (const [coll, keys] of collections) {
      for (const metadata of keys.values()) {
        const policy = metadata.get(VALIDATION_PARAMETER);
        if (policy) keyPolicies.set(ns, [...(keyPolicies.get(ns) ?? []), decodePolicy(policy)]);
        else needs.set(coll, true);
      }
    }
  }
  for (const ns of namespaces) {
    if (!isSystem(ns) && !required.has(ns)) required.set(ns, new Map([['', true]]));
  }
  for (const [ns, collections] of simulator.privateReads) {
    const needs = required.get(ns) ?? new Map<string, boolean>();
    for (const coll of collections) needs.set(coll, true);
    required.set(ns, needs);
  }
  const interest = new peer.ChaincodeInterest();
  for (const [ns, collections] of required) {
    if (isSystem(ns)) continue;
    for (const coll of collections.keys()) {
      const call = new peer.ChaincodeCall();
      call.setName(ns);
      if (coll === '') {
        const policies = keyPolicies.get(ns) ?? [];
        const needed = collections.get('') ?? false;
        if (policies.length === 0 && !needed) continue;
        call.setKeyPoliciesList(policies);
        call.setDisregardNamespacePolicy(policies.length > 0 && !needed);
      } else {
        call.setCollectionNamesList([coll]);
        call.setNoPrivateReads(!simulator.privateReads.get(ns)?.has(coll));
      }
      interest.addChaincodes(call);
    }
  }
  return interest;
}
