// What members try against the ledger's rules.
import type { ThreatSection } from './threat-section.ts';

export const RULES: ThreatSection = {
  title: 'A member, against the rules of the ledger',
  threats: [
    {
      id: 'wrong-order-or-time',
      attack: 'Steps out of order, or at a time of one’s own',
      titles: [
        'a verdict before the updates are in',
        'an attestation before the verdicts are counted',
        'an update after the others can be seen',
        'a round before its turn',
        'closing early, by a clock of its own',
        'a round of a minute opened five minutes ago, so that it is over before anyone can train',
        'a round of a minute given up at once, by a clock that is minutes ahead',
        'a round of a minute given up at once, by minutes that an amendment gives to later rounds only',
        "the leader's step in the leader's time",
      ],
    },
    {
      id: 'voting-twice',
      attack: 'A second vote, verdict or attestation, or two scores for one charge',
      titles: [
        'a second score, drawn in an older copy of its folder',
        'a second verdict',
        'a second attestation',
        'a second vote on a motion',
        'a second score, a second verdict, a second attestation, and an aggregate that nobody computed',
      ],
    },
    {
      id: 'contradictions',
      attack: 'Two different statements on one round',
      titles: [
        'a second attestation is refused and changes nothing; its report stays as evidence',
        'who contradicted itself counts no more among the N behind an aggregate',
        'a statement that names another chaincode beside its arguments is evidence, since peers ran it here',
        'a second statement is evidence although its certificate has',
        "is refused as no transaction's",
        'a second attestation is proven by its signature, and its signer counts no more',
      ],
    },
    {
      id: 'unprovable-statements',
      attack: 'Statements that nobody could hold against their signer',
      titles: [
        'a first statement is not taken',
        'a first statement is not taken from a key whose signature no report can verify',
        'the largest statement that is taken can be reported',
      ],
    },
    {
      id: 'speaking-for-another',
      attack: 'Speaking for another organisation or role',
      titles: [
        "a verdict in another's name",
        "a score on another's patients",
        "another's score named first",
        "an update in another's name",
        "another's consent",
        "the withdrawal of another's consent",
        "a step of another role, through a gateway that lies about its caller's",
        "a gateway that lies about its caller's role",
        "another's consent withdrawn",
      ],
    },
    {
      id: 'withholding',
      attack: 'Withheld updates, verdicts, attestations and endorsements',
      titles: [
        'giving a round up that only waits for one who withholds its update',
        'giving a round up that only waits for one who withholds its verdict',
        'whoever withholds is not waited for: update, verdict, attestation and endorsement',
      ],
    },
    {
      id: 'forged-rows',
      attack: 'Rows forged by too few peers',
      titles: [
        'whoever registered first rules its own rows until others that joined since take part',
        'rows are not written over, deleted or given another policy by too few peers',
        'rows that are not there yet are not written by one peer alone',
        'a version of an account that all other members overwrite or delete is not believed',
      ],
    },
    {
      id: 'tampering-after-endorsement',
      attack: 'Changes to a transaction after its endorsement',
      titles: [
        'cannot alter the writes after the endorsement',
        'cannot alter the arguments after the endorsement',
        'cannot change the time after the endorsement',
        'cannot count one endorsement twice',
        "cannot use the endorsements of one transaction for another's result",
        'are refused also where the client chose the organisations',
      ],
    },
    {
      id: 'rewriting-history',
      attack: 'Rewritten history',
      titles: [
        'a history forged throughout agrees with itself, and not with the digest one trusts',
        'overwritten versions are not believed: the first ones are read from the history',
        'a version of one number too high, written before its time, is not part of the account',
      ],
    },
    {
      id: 'misleading-text',
      attack: 'Text that looks like other text',
      titles: ['text that nobody can read, or reads as another, is refused by the name of its field'],
    },
    {
      id: 'bad-encryption-keys',
      attack: 'Encryption keys that are not their member’s',
      titles: [
        'nobody registers',
        'a key is not registered with',
        'no key comes back: not the one in force, nor one before it, nor as that of another member',
        'a key that version 1 took unseen is read as it is, and its member puts a proven one in its place',
        "another member's key with its proof, an unproven key, and points of small order",
      ],
    },
    {
      id: 'unusable-keys',
      attack: 'A registered key that nothing can be sealed to',
      titles: [
        'is refused where nobody has a usable key',
        'says who is missing among those with a key, whatever the bytes are',
      ],
    },
  ],
};
