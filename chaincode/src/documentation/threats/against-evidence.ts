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
        'does not guess the policy of a row that a hidden block wrote',
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
        'names what is called invalid for no reason that is known, gives it no effect, and goes on',
      ],
    },
  ],
};
