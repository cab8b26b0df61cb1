// What a member tries against a study's model.
import type { ThreatSection } from './threat-section.ts';

export const MODEL: ThreatSection = {
  title: 'A member, against the model',
  threats: [
    {
      id: 'forged-hashes',
      attack: 'Forged hashes of aggregates and artefacts',
      titles: [
        'an aggregate that nobody computed',
        'an aggregate that only two computed',
        "another artefact under the honest aggregate's hash, at a peer that attested another",
      ],
    },
    {
      id: 'two-colluders',
      attack: 'Two of four organisations that collude',
      titles: [
        'two colluders who finalise what nobody else computed',
        "two colluders who move a third's budget",
        "two colluders who write a third's verdict",
        'two colluders who attest one forged aggregate',
        'two colluders who pause a study of four',
        'a colluder who accuses an honest member without its signature',
        'a transaction with the right results and too many signatures of one member is invalid',
      ],
    },
    {
      id: 'replays',
      attack: 'Replayed updates and transactions',
      titles: [
        "an update of an earlier round again, in the same transaction's words",
        "an earlier round's parameters as a new update",
        "another hospital's update as one's own",
        'an endorsed transaction that is sent twice',
        'a finalising endorsed before the round was given up, sent after it',
        'a score named under a consent, sent after it was withdrawn',
        'count once when a transaction is submitted twice at once',
      ],
    },
    {
      id: 'poisoned-updates',
      attack: 'Updates that are too long or harm the model',
      titles: [
        'an update of another length, or beyond the norm, is rejected with the reason',
        'rejects updates beyond the norm bound, scores nothing, and the round is aborted',
        'rejects a candidate that scores below the minimum, with the charged score as the proof',
      ],
    },
    {
      id: 'false-bands',
      attack: 'Weight gained by a false band',
      titles: [
        'a band that says a thousand times as many patients weighs ten times as much',
        'what a consent is to says every weight: other weights are another text',
        'a dataset is not registered with a former band, and with each present one above it',
        'a lineage whose weights do not follow from bands and limit is noticed',
      ],
    },
    {
      id: 'dragged-control-variates',
      attack: 'Control variates that grow from round to round',
      titles: ['a hospital whose variate grows too long has it reset'],
    },
    {
      id: 'swapped-artefacts',
      attack: 'Artefacts exchanged after they were recorded',
      titles: [
        'rejects an update whose artefact has another hash, and the round goes on without it',
        'refuses a CID that is not that of the bytes put',
        'does not depend on a leader that puts something else into IPFS than was agreed on',
      ],
    },
    {
      id: 'reading-others-first',
      attack: 'Reading others’ updates before sending one’s own',
      titles: [
        'puts nothing into IPFS that the ledger does not name, and no update while others may send theirs',
      ],
    },
    {
      id: 'reading-as-an-outsider',
      attack: 'Artefacts read by members that take no part',
      titles: [
        'is for the readers only: another member of the consortium cannot open it',
        'of an update are the members that take part in its round',
      ],
    },
  ],
};
