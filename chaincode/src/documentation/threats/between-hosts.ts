// What is tried between the hosts of hospitals, before and beside the ledger.
import type { ThreatSection } from './threat-section.ts';

export const BETWEEN_HOSTS: ThreatSection = {
  title: 'Between hosts',
  threats: [
    {
      id: 'changed-mailbox',
      attack: 'Changed files in the mailbox of founders',
      titles: [
        'definitions are believed under the agreed roots',
        'a definition that somebody changed on its way is refused, whatever was changed',
        'a definition of another organisation, or signed by another administrator, is refused',
        'an administrator can define its own organisation only with its own authorities, host and fields',
        'a sealed key for another, from another, or changed is not taken',
        'a channel is founded once: another consortium.yaml is refused afterwards',
      ],
    },
    {
      id: 'secrets-in-the-mailbox',
      attack: 'Secrets in the mailbox of founders',
      titles: [
        'every hospital computes the same first block by itself, and all share one key of the swarm',
        'what was sealed opens for its receiver alone, and not after one changed byte',
      ],
    },
    {
      id: 'strangers-at-a-link',
      attack: 'Strangers at the links of IPFS',
      titles: [
        'a neighbour that proves its host reaches the IPFS node',
        'nobody else does: no certificate, one of another authority, one for another name, and plain bytes',
        'the own node reaches a neighbour that proves its host, and no impostor',
      ],
    },
    {
      id: 'keys-in-packages',
      attack: 'Keys in packages, connection files and open files',
      titles: [
        'a package for it holds an address, and neither a key nor a word on TLS',
        'the released connection has the address of the package and the keys of the peer, for its owner alone',
        'keys may be in files of their own, named from the folder of the connection file',
        'a key that others could read is wrong, and named',
      ],
    },
  ],
};
