// Attacks on a channel's configuration through the files by which organisations agree on a change of it.
import type { ThreatSection } from './threat-section.ts';

export const CHANNEL: ThreatSection = {
  title: 'A change of the channel',
  threats: [
    {
      id: 'other-words-than-are-signed',
      attack: 'A review of other words than are signed',
      titles: [
        'bytes that say more than the review shows are refused, however deep they are',
        'an update that leaves open which configuration it changes is refused, although Fabric would take it',
        'names that look like others, or hide characters, are refused',
        'what is there twice afterwards is said, although it was there once before',
        'certificates with something around them, and private keys, are refused',
        "a founding or a newcomer that is not what the organisation's own definition says is refused",
        'policies that name somebody whom their rule does not use are refused',
      ],
    },
    {
      id: 'files-of-another-time-or-place',
      attack: 'Files and signatures of another channel, or another time',
      titles: [
        'a file of another channel, another first block or another configuration is refused',
        'a file that was changed after a signature, and a signature from elsewhere, are refused',
        'a signature on one kind of ceremony is none on another with the same bytes',
      ],
    },
    {
      id: 'signatures-that-do-not-count',
      attack: 'Signatures that do not count',
      titles: [
        'signatures of strangers, clients, the expired and the revoked are refused, and double ones',
        'a signer whose certificate the channel revoked is refused',
      ],
    },
    {
      id: 'a-channel-held-by-one',
      attack: 'A change by which fewer decide',
      titles: [
        'a policy that fewer, others, one alone or nobody could meet is warned of',
        'a policy that asks for nobody, or is over no organisation, is met by anyone',
        'who may change what afterwards is compared, also where only the name of its governor changes',
        'a further authority, and other roles, in the name of an organisation are warned of',
        'how orderers agree, what may be ordered and who may call what are warned of when they change',
        'orderers that may no longer fail, or belong to one organisation, are warned of',
        'two organisations with one authority are one with two votes, and larger blocks are warned of',
        'revoked certificates are named by their numbers; one that comes back is warned of',
      ],
    },
  ],
};
