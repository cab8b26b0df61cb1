// What a dishonest gateway tries against evidence, with all keys of one organisation.
import type { ThreatSection } from './threat-section.ts';

export const EVIDENCE: ThreatSection = {
  title: 'A gateway, against evidence',
  threats: [
    {
      id: 'altered-evidence',
      attack: 'A byte of a file of evidence that is another',
      titles: [
        'no byte of it can be another without that being found, and the place named',
        'has one form only: no byte may be another and mean the same',
        'counts no signature in its other form, which anyone can make',
      ],
    },
    {
      id: 'left-out-of-evidence',
      attack: 'An update, a configuration or the end of the chain that is left out',
      titles: [
        'a missing update is found by what peers read, and by the seal of its round',
        'a tail that is cut off is missed, by what peers signed that they read',
        'answers from before a withdrawal are said to speak of the blocks up to then, however long the chain is',
        'names an older configuration where a later one was left out',
        'evidence follows the configuration, names an older one, and counts no signature of who has left',
        'does not guess the policy of a row that a hidden block wrote',
      ],
    },
    {
      id: 'left-out-uses',
      attack: 'A use of a dataset, a charge, an answer or a page of answers that is left out',
      titles: [
        'a missing row or charge is found, with the block that is not shown',
        'an account is what its consents and charges make it, and none of them can be left out or added',
        'an answer that is left out is missed',
        'an answer to another question is none',
        'an answer that one organisation made is no majority',
      ],
    },
    {
      id: 'exported-plaintexts',
      attack:
        'A copy in plaintext of what a withdrawn consent takes away, or of what no key of the hospital opens',
      titles: [
        'leave out updates whose consent was withdrawn',
        'are none where no key opens them, and each is named',
      ],
    },
    {
      id: 'forged-evidence',
      attack: 'Rows, blocks or configurations that one organisation made, or parts of two files',
      titles: [
        'a row that one organisation laid down under a policy of its own is refused',
        'a forked block is refused, whoever of the hospitals signed it',
        'two bundles that are spliced are refused',
        'takes no new configuration without the signatures that each changed item asks for',
        'lets no organisation take the name of another, by its own signature and an orderer’s',
        'under BFT asks for a quorum of those that the configuration names',
        'refuses what a certificate sends or endorses that was revoked before',
      ],
    },
    {
      id: 'withheld-evidence',
      attack: 'Answers, files and requests that keep others from having evidence, or from verifying it',
      titles: [
        'is served by the others where one answers otherwise, signs badly, or refuses what is there',
        'are one for each key, so that no key takes those of others, and two for all',
        'is not gathered for a client that has gone, whose key may ask again',
        'is made from the history that was checked, with the same blocks, and reads none of the chain again',
        'takes no longer for a certificate of line ends than for another of its size',
      ],
    },
    {
      id: 'oddly-written-transactions',
      attack:
        'Transactions written in bytes that peers take and a stricter reader does not, so that verifiers stop',
      titles: [
        "what Go's decoder reads is read, and means the same, however oddly it is written",
        'the first block of a text is the one that Go finds',
        'is not stopped by what a member writes as no one else would, and peers take',
        'sign with whatever follows r and s, which peers pass over, and with no other s',
        'are one signer, whichever of the two signatures of their authority their certificate shows',
        'are accepted where the bits of that signature are shifted, as peers accept them',
        'is of the unit that its alphabet says, and none where the alphabet has no such letter',
        'is valid from a time in any zone and without seconds, and from none that no calendar has',
        'is the list that its DER is, and none that a name in it holds',
        'says whose it is with whatever follows that',
        'names what is called invalid for no reason that is known, gives it no effect, and goes on',
        'issues certificates with whatever follows their fields, which peers pass over',
      ],
    },
    {
      id: 'oddly-defined-organisations',
      attack:
        'An organisation that defines its authorities and roles in forms that peers take, so that verifiers stop, or ' +
        'are given identities that peers refuse',
      titles: [
        'of anonymous credentials has identities of which nothing can be said, and stops nobody',
        'whose certificates or lists cannot be read has no identities either, and stops nobody',
        'does not keep the others’ transactions from being checked',
        'sends what takes effect by the word of peers, which is said with the place',
        'counts as an endorser only by the word of peers, and never for another one',
        'changes its own definition by the word of orderers, and nothing of others',
        'gives two roles by one unit, as peers do, and by two units none',
        'issues within its own time, for servers, and with as many authorities between as it allows',
        'issues nothing to whom several of its roots could have',
        'that OpenSSL made issues what OpenSSL says, with any bit of it another too',
        'with the exponent 3 takes no signature that anybody makes without the key',
        'gives nobody with a key of RSA a signature that counts',
        'revokes by its lists, also by SHA-1, and nobody else does',
        'an authority with a key of RSA, and its list, count for peers as they do for the verifier',
        'changed certificates and lists are read or refused by name, and mean what they mean to OpenSSL',
      ],
    },
    {
      id: 'another-history',
      attack: 'A peer that sends a gateway other blocks than there are',
      titles: [
        'is not indexed further where the own peer sends a block twice, or leaves one out',
        'is not indexed further after a block of another channel, or of bytes that are none',
        'is not indexed further where another peer calls that valid, also after a restart',
        'is not indexed further where orderers signed two blocks of one number, and both headers are kept',
        'begins with the genesis block that is asked for, or else the first seen, and no other from then on',
        'is recognised after a restart: a peer with another last block is not followed',
        'says where the own peer stops sending what another one has',
        'finds rows that a range was read without, wherever they are among many',
      ],
    },
    {
      id: 'stopped-history',
      attack: "A peer that sends what orderers did not sign, so that another hospital's history stops",
      titles: [
        'goes on where a peer of another organisation lies, and does not count it any more',
        'is taken up again when a peer is back, and does not need the other ones',
        'waits where nothing can be written, keeps what was, and goes on when there is room',
      ],
    },
    {
      id: 'two-histories',
      attack: 'Orderers that show two hospitals two histories',
      titles: [
        'find that orderers showed two histories to two hospitals, both of them, with both signed headers',
        'find where two histories part though each has orderers by now that the other does not know',
        'go on saying what they saw after they stopped, and a restart does not forget why',
        'keep what is ahead of the own history, and compare it once they are there, also after a restart',
        'make a file fail where orderers signed another block for that gateway',
        'are two where orderers signed two blocks of one number, with both signed headers',
      ],
    },
    {
      id: 'false-witnesses',
      attack: 'Statements that are not the word of that gateway on this ledger',
      titles: [
        'are not stopped by a neighbour that signs what no orderer did: it is counted and named',
        'do not count what is not the word of that gateway on this ledger',
        'do not take an older word for a newer one, nor a second block of one number that nobody ordered',
        "is refused in another hospital's name, or in the name of nobody of the channel",
        'is refused of anybody but an operator: other keys of a hospital do not speak for its gateway',
        'is refused by times that its certificate does not cover, and from the future',
        'is refused of a certificate that was revoked, then or since',
        'is refused where a byte of it is another, and under a signature for something else',
        'are refused by name where they are of another ledger, of nobody, beyond the file, or there twice',
      ],
    },
    {
      id: 'retired-orderers',
      attack: 'An old key of an orderer that signs old numbers',
      titles: [
        'do not stop for a key that orders no more: it is an alarm, with both headers',
        'goes on where orderers signed two by a key that orders no more: an alarm with both headers, and that peer is not counted',
      ],
    },
    {
      id: 'statements-by-hand-ahead',
      attack: 'A fork that reaches farther than the own history, and comes by hand',
      titles: ['compare what came by hand once they are there, also of a hospital that nobody asks'],
    },
    {
      id: 'floods-of-statements',
      attack: 'Floods of statements, and neighbours that answer with something else',
      titles: [
        'keep one statement of each hospital of the channel, whatever they are sent',
        'a hospital that asks all the time is answered no more for a while',
        'a neighbour cannot send too much, or send us elsewhere',
        'nobody gets one who is of no hospital of the configuration, nor does a stranger answer for one',
        'strangers who keep connections open, from many addresses, do not keep a hospital out',
        'one address has few places, and a new connection of it takes that of its oldest',
        'a hospital has few connections, and takes none of another',
        'a hospital that proves itself and asks nothing loses its place',
        'are received from few at once, and of one key one: others are refused before their bytes are read',
      ],
    },
    {
      id: 'changed-index',
      attack: "Changes of a gateway's own file of the ledger",
      titles: [
        'is made again, and that is said, where one row was changed, or one was taken away',
        'is made again where it is of another ledger than the one that is trusted',
        'is made again where its file is changed while it is used, which /readyz is to say meanwhile',
        'is made from the chain where the history was changed while it was used, whose file is then looked at',
        'finds while it is used what was changed, added or removed behind its back, and goes on where nothing was',
        'leaves alarms alone: they are in a file of their own, and one that is damaged is an alarm',
      ],
    },
    {
      id: 'hostile-texts-in-answers',
      attack: 'Titles and reasons that run, hide, or turn around what an answer to compliance teams says',
      titles: [
        'shows markup in what members wrote as text, in every place',
        'has no script, loads nothing, and says on which block it rests',
        'has no mark that is not seen: directions, controls, and what has no width',
        'cannot end its own quotes',
        'has no cell that a spreadsheet runs, and leaves numbers as they are',
        'run nothing that a member wrote: not on the page, not in a spreadsheet',
      ],
    },
  ],
};
