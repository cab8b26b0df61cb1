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
      id: 'returning-members',
      attack: 'Regaining what was given or voted in an earlier membership',
      titles: [
        'who left returns by the votes of a majority, with a new key, and regains nothing that it said',
        'a vote of an earlier membership counts for nothing in a study that its owner joined again',
        'a key of an earlier membership is not the key of the next, though it was rotated',
        'whoever left does nothing more but settle, and say what it erased',
      ],
    },
    {
      id: 'leaving-members',
      attack: 'Freezing rows and studies by leaving',
      titles: [
        'rows that name a member of their day are frozen once it is gone, unless they were laid again before',
        'two of five leave, rows are laid again by anyone, and three go on without their peers',
        'the channel follows; what was laid again can be changed, and what was not is frozen',
        'a study with enough hospitals left goes on without the one that left, in the middle of a round',
        'a motion lapses with the membership of its mover, and another takes its place',
      ],
    },
    {
      id: 'removing-members',
      attack: 'Removing a member, or rewriting what it left',
      titles: [
        'a majority of the members removes one; no fewer, no outsider, and not with a vote on itself',
        'two of two are no majority of one, and the last member stays',
        'votes of a member that left count no more, and what is left of them is counted again',
        "anyone settles what a former member reserved, with its own peer's signature and not without",
        'a round of which fewer than N hospitals remain is given up by all of them with a majority, and by no fewer',
        'a member that rotates its key does not stand in the way of votes on it, nor of studies of its datasets',
        'a member that goes on consenting and settling does not stand in the way of its removal',
      ],
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
