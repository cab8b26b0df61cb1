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
      id: 'false-welcome',
      attack: 'Another channel, swarm or organisation at a joining',
      titles: [
        'a first block with another digest is not joined, nor one that is none, and nothing is kept of it',
        'keys of the swarm that differ are not taken, and both senders are named',
        'a newcomer whose definition is missing or of other roots is not taken up, and nothing is changed',
        'what no file can change is refused with what to do, and the file before stays the one that is taken up',
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
    {
      id: 'wrong-certificates',
      attack: 'Certificates of an authority that are not what was asked for',
      titles: [
        'another role, name, key or authority, a role that is missing, and wrong times are refused in words',
        'requests go out with names, units and roles, and certificates that fit come in and are renewed',
        'each gets a new key and a certificate with the names and the role that it had, and others keep theirs',
        'between the new key and the new certificate the old pair goes on, and nothing of a key is said',
        'a pair that does not fit, or a file that is gone, leaves what was good, and is said once',
      ],
    },
    {
      id: 'stolen-tickets',
      attack: 'Requests for certificates by others than who was invited',
      titles: [
        'a ticket gives one certificate to who has it, whose key never leaves them, and a revoked person has none',
        'names that would be a role or a path, and persons of an authority by hand, are refused before anything',
      ],
    },
    {
      id: 'taken-back-and-used',
      attack: 'Certificates that were taken back, and are used on',
      titles: [
        'what it revokes is in its list, with all that it revoked before, and nothing else is',
        'a person is revoked also where the channel cannot be asked, which is said, and a host by its own list',
        'a signer whose certificate the channel revoked is refused',
        'a list counts from the next connection on, in both directions, and no older one takes it back',
        'lists that name nothing new take no room, and those of a member who publishes more and more are bounded',
      ],
    },
    {
      id: 'orders-nothing',
      attack: 'An orderer that takes what a hospital sends, and orders nothing',
      titles: [
        'where the one that took it orders nothing, the next ones get it',
        'an approval that an orderer takes and never orders goes through another, and so does the commit',
        'a restored Raft orderer starts while all others answer, and one of BFT as any that may lie',
        'an organisation is not away for a backup while another is, where that would stop the channel',
      ],
    },
    {
      id: 'other-code-at-an-upgrade',
      attack: 'Other code under an agreed version, or a former one that is gone too early',
      titles: [
        'what the channel may still run is started unchanged or not at all',
        'a ceremony approves the package that this hospital has of that version',
        'nobody approves by itself what the channel does not have, and another version ends the help',
      ],
    },
    {
      id: 'half-a-leaving',
      attack: 'A hospital that leaves while it owes something, or whose keys outlive it',
      titles: [
        'each thing that is owed is said with what to do',
        'keys are deleted for the own MSP id alone, and not while something is owed',
        'nothing is owed once the ledger let it go, every consent is settled and the others refuse it',
      ],
    },
    {
      id: 'changed-release',
      attack: 'Changed files of a release, and units that let too much',
      titles: [
        'it installs from its files alone, keeps the version before to go back to, and refuses files that were changed',
        'what the services may do is little, by the measure of systemd',
        'a path that would begin a new line, or a user that is none, is refused',
        'secrets are in files of their own, and not in what is passed around',
      ],
    },
    {
      id: 'reports-to-makers',
      attack: 'Libraries that report to their makers what is run',
      titles: [
        'reports nothing to its maker, whatever the environment says, on the main thread and on others',
        'is not loaded by a thread that cannot keep it from reporting',
        'processes of the tool start with the reports of their libraries turned off',
      ],
    },
  ],
};
