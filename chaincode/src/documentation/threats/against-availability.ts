// What is tried against availability.
import type { ThreatSection } from './threat-section.ts';

export const AVAILABILITY: ThreatSection = {
  title: 'Against availability',
  threats: [
    {
      id: 'floods-on-the-ledger',
      attack: 'Floods of proposals, arguments and transactions',
      titles: [
        'an argument that is larger than any honest one',
        'one update after the other',
        'one motion after the other',
        'a member has so many proposals open and not one more, whatever the others have',
        'a page ends at its bytes, and the pages together have every study once',
        'a study has so many bytes and no more',
        'an abandoned proposal is retired by its requester at once, by any member after its time, and by nobody else',
        "a hospital's open consents are its own studies and no others, from its consent until it is settled",
        'a flood of consents, and of events of its own study, is followed by a handful of reads',
        'many studies of one member hold up another by one training',
        'however many of one organisation wait, the first of another runs at once',
        'who may not send a transaction takes no turn, and no text waits that is too long to be read',
        'an organisation whose transactions are held up pays for its own work, and not for the wait',
        'nothing long is made of a long argument, or logged of it, before it is refused',
      ],
    },
    {
      id: 'filling-disks',
      attack: 'Disks filled by refused requests',
      titles: [
        'transient data is refused, whatever it is and whoever sends it',
        'what the runtime logs of a name is cut, however long the name is',
        'a refused contradiction goes to the log once, signed, as the report takes it, and then as a digest',
        'what is no evidence goes to the log as a digest: the same words again, and what is reported already',
        'transient data, and arguments that are larger or deeper than honest ones',
      ],
    },
    {
      id: 'key-rotation-conflicts',
      attack: 'Key rotation as a way to disturb others',
      titles: ["no member's rotation invalidates what others have sent meanwhile"],
    },
    {
      id: 'motion-conflicts',
      attack: 'Motions as a way to disturb a round',
      titles: ['motions that one voter moves and refuses, however many, invalidate no step of a round'],
    },
    {
      id: 'foreign-pins',
      attack: 'Others’ IPFS nodes filled by false CIDs',
      titles: ['pins no artefact that a finaliser names beside the attested hash, and goes on'],
    },
    {
      id: 'floods-at-a-gateway',
      attack: 'Floods at a gateway without a key',
      titles: [
        'of 120 attempts with wrong keys, 50 are refused as unknown and the others as too many',
        'headers that come too slowly end with 408, and so does a body',
        'connections with wrong keys, or half a request, make room for one with a key',
        "the trainer's own streams are left to it, however many others ask for",
        'a reader that takes nothing loses its place',
      ],
    },
  ],
};
