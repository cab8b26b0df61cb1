// A ceremony's review: in words what would change, what that weakens, who has signed, and whose signature is missing.
// It is made of the bytes that are signed and of what the reviewer's own place knows of the channel, and of nothing
// else.
import { genesisDigest } from '@consilium/verify';
import { type ChannelConfiguration, configurationOf, UnreadableError } from '@consilium/verify/channel';
import { type Ceremony, digestOf } from './ceremony-file.ts';
import { type CheckedSignature, checkSignatures } from './ceremony-signatures.ts';
import { reviewChaincode } from './chaincode-review.ts';
import { type ItemChange, reviewUpdate } from './channel-review.ts';
import { checkDefinitions, checkNewcomers } from './definition-check.ts';
import { reviewFounding } from './founding-review.ts';
import type { OrganisationDefinition } from './organisation-definition.ts';
import { refuse } from './refused-ceremony.ts';
import { COMPARED_MAX, isWithin, listed, policiesOf, sufficientSets } from './sufficient-signers.ts';
import { weakenings } from './weakening.ts';

/** What the reviewer's own place knows, and when it looks. */
export interface Place {
  readonly channel: string;
  /** The digest of the channel's first block, in hexadecimal, as it was agreed on; undefined before it is founded. */
  readonly genesis: string | undefined;
  /** The channel's present configuration, from the reviewer's own peer; undefined before it is founded. */
  readonly configuration: ChannelConfiguration | undefined;
  readonly now: Date;
  /** Definitions that are known here: whose organisations have to be in the channel as they say. */
  readonly definitions?: readonly OrganisationDefinition[];
  /** Of all that the place's consortium.yaml names; absent where it has none. Newcomers have to be as they say. */
  readonly agreed?: readonly OrganisationDefinition[];
}

/** Whether a policy is met, and what is missing. */
export interface PolicyState {
  readonly path: string;
  readonly isMet: boolean;
  /** '2 more of AlphaMSP, BetaMSP and GammaMSP'; empty where it is met. */
  readonly missing: string;
}

export interface Review {
  readonly kind: Ceremony['kind'];
  readonly channel: string;
  readonly genesis: string;
  readonly sequence: number;
  /** SHA-256 of the bytes that are signed. */
  readonly digest: string;
  readonly changes: readonly ItemChange[];
  readonly warnings: readonly string[];
  readonly signatures: readonly CheckedSignature[];
  readonly policies: readonly PolicyState[];
  /** Whether nothing is missing. */
  readonly isComplete: boolean;
}

/** @throws RefusedCeremonyError with the reason why nobody should sign it */
export function reviewCeremony(ceremony: Ceremony, place: Place): Review {
  if (ceremony.channel !== place.channel) {
    refuse(`the file is for the channel ${ceremony.channel}, and this place is in ${place.channel}`);
  }
  const { kind, channel, genesis, sequence } = ceremony;
  const about = { kind, channel, genesis, sequence, digest: digestOf(ceremony) };
  if (kind === 'founding') return { ...about, ...ofFounding(ceremony, place) };
  const { configuration } = place;
  if (configuration === undefined || place.genesis === undefined) {
    return refuse(
      "this place has no configuration of the channel: name its genesis in the place's file, and its own peer " +
        'there or a block with --configuration',
    );
  }
  if (genesis !== place.genesis) {
    refuse(
      `the file is for the channel whose first block is ${genesis}, and this place's is ${place.genesis}`,
    );
  }
  const msps = [...configuration.organisations.values()].map(({ msp }) => msp);
  const signatures = checkSignatures(ceremony, { msps, now: place.now });
  if (kind === 'chaincode') return { ...about, ...ofChaincode(ceremony, { configuration, signatures }) };
  const { after, changes, policies } = reviewUpdate(ceremony, configuration);
  checkDefinitions(after.root, place.definitions ?? []);
  const strangers = checkNewcomers({ before: configuration.root, after: after.root }, place.agreed);
  const states = policies.map((path) => stateOf(path, { configuration, signatures }));
  return {
    ...about,
    changes,
    warnings: [...strangers, ...weakenings({ before: configuration, after, now: place.now })],
    signatures,
    policies: states,
    isComplete: states.every(({ isMet }) => isMet),
  };
}

type Found = Omit<Review, 'kind' | 'channel' | 'genesis' | 'sequence' | 'digest'>;

function ofFounding(ceremony: Ceremony, place: Place): Found {
  if (place.genesis !== undefined && place.genesis !== ceremony.genesis) {
    refuse(
      `the file founds a channel with the first block ${ceremony.genesis}, and this place agreed to ${place.genesis}`,
    );
  }
  const { configuration, changes, warnings } = reviewFounding(ceremony, place.now);
  checkDefinitions(configuration.root, place.definitions ?? []);
  const msps = [...configuration.organisations.values()].map(({ msp }) => msp);
  const signatures = checkSignatures(ceremony, { msps, now: place.now });
  const missing = [...new Set([...configuration.mspIds, ...configuration.ordererMspIds])]
    .filter((mspId) => !signatures.some((signature) => signature.mspId === mspId))
    .sort();
  const isMet = missing.length === 0;
  const policies = [{ path: 'every founder', isMet, missing: isMet ? '' : listed(missing) }];
  return { changes, warnings, signatures, policies, isComplete: isMet };
}

interface SignedSoFar {
  readonly configuration: ChannelConfiguration;
  readonly signatures: readonly CheckedSignature[];
}

/** Who approves definitions of chaincode. */
export const LIFECYCLE = '/Channel/Application/LifecycleEndorsement';

function ofChaincode(ceremony: Ceremony, signed: SignedSoFar): Found {
  const { changes, warnings } = reviewChaincode(ceremony, signed.configuration);
  // Peers approve; administrators say here that they will.
  const state = missingFor(LIFECYCLE, signed.configuration, signersOf(signed));
  const isMet = state === '';
  return {
    changes,
    warnings,
    signatures: signed.signatures,
    policies: [{ path: LIFECYCLE, isMet, missing: state }],
    isComplete: isMet,
  };
}

function stateOf(path: string, signed: SignedSoFar): PolicyState {
  const isMet = signed.configuration.satisfies(
    path,
    signed.signatures.map((one) => one.signed),
  );
  return {
    path,
    isMet,
    missing: isMet
      ? ''
      : missingFor(path, signed.configuration, signersOf(signed)) || 'a signature of another role',
  };
}

const signersOf = ({ signatures }: SignedSoFar) => new Set(signatures.map(({ mspId }) => mspId));

/** Whose signatures would do besides, in words; empty where those that are there do. */
export function missingFor(
  path: string,
  configuration: ChannelConfiguration,
  signed: ReadonlySet<string>,
): string {
  const policy = policiesOf(configuration.root).get(path);
  if (policy === undefined) return `${path} does not exist: nobody can make this change`;
  const mspIds = [...new Set([...configuration.mspIds, ...configuration.ordererMspIds])].sort();
  if (mspIds.length > COMPARED_MAX) return 'more signatures';
  const sets = sufficientSets(policy.group, policy.name, mspIds);
  if (sets.some((set) => isWithin(set, signed))) return '';
  const open = sets.map((set) => [...set].filter((mspId) => !signed.has(mspId)));
  const fewest = Math.min(...open.map((one) => one.length));
  const nearest = open.filter((one) => one.length === fewest);
  if (nearest.length === 0) return 'nobody can meet it';
  const who = [...new Set(nearest.flat())].sort();
  return who.length === fewest ? listed(who) : `${fewest} more of ${listed(who)}`;
}

/** The configuration in a block. @throws RefusedCeremonyError */
export function configurationIn(block: Uint8Array): ChannelConfiguration {
  try {
    return configurationOf(block);
  } catch (cause) {
    if (!(cause instanceof UnreadableError)) throw cause;
    return refuse(`the block holds no configuration that can be read: ${cause.message}`, { cause });
  }
}

/** The digest of a first block. @throws RefusedCeremonyError */
export function digestOfFirstBlock(block: Uint8Array): string {
  try {
    return genesisDigest(block);
  } catch (cause) {
    return refuse(`not the first block of a channel: ${(cause as Error).message}`, { cause });
  }
}
