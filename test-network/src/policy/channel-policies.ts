/**
 * The channel's own policies, as the usual configtx.yaml has them: Writers are an organisation's admins and
 * clients, Readers its peers too, and the channel asks for ANY organisation.
 */
import type { Membership, NodeRole, SignedData } from '../msp/identity.ts';

export type ChannelPolicy = 'Readers' | 'Writers';

const ROLES: Readonly<Record<ChannelPolicy, readonly NodeRole[]>> = {
  Readers: ['admin', 'peer', 'client'],
  Writers: ['admin', 'client'],
};

/** @returns undefined when satisfied, otherwise Fabric's words for the failure of an implicit policy. */
export function channelPolicyFailure(
  membership: Membership,
  policy: ChannelPolicy,
  signature: SignedData,
): string | undefined {
  const [signer] = membership.validSigners([signature]);
  if (signer?.role && ROLES[policy].includes(signer.role)) return undefined;
  return (
    'implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the ' +
    `'${policy}' sub-policies to be satisfied`
  );
}

/** The same failure as the peer's access control words it. */
export function accessFailure(options: {
  readonly membership: Membership;
  readonly channel: string;
  readonly policy: ChannelPolicy;
  readonly signature: SignedData;
}): string | undefined {
  const failure = channelPolicyFailure(options.membership, options.policy, options.signature);
  if (failure === undefined) return undefined;
  return (
    `Failed evaluating policy on signed data during check policy on channel [${options.channel}] with ` +
    `policy [/Channel/Application/${options.policy}]: [${failure}]`
  );
}
