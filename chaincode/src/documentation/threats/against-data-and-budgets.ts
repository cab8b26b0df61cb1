// What members try against others' data and privacy budgets.
import type { ThreatSection } from './threat-section.ts';

export const DATA_AND_BUDGETS: ThreatSection = {
  title: "A member, against others' data and budgets",
  threats: [
    {
      id: 'others-datasets',
      attack: 'Use of others’ datasets without or beyond consent',
      titles: [
        "all others together who rewrite a hospital's dictionary without its peer",
        "all others together who withdraw a hospital's consent without its peer",
        "all others together who empty a hospital's accounts without its peer",
        "another's dataset under its own id",
        "another's dataset under a new id",
        'a dataset used after its consent was withdrawn',
        'a purpose that the terms do not allow',
        'a consent by one steward where two must',
        "another's rows under a new id",
      ],
    },
    {
      id: 'changing-what-was-agreed',
      attack: 'Changes to what was agreed',
      titles: [
        'another dictionary for a registered dataset, after the consent',
        'another dictionary after its consent, by its peer alone, registered before the others were members',
        'its own dictionary, by its peer alone, in a study that the others joined by an amendment',
        'its own consent, by its peer alone, in a study that the others joined by an amendment',
        'a study proposed again after the consents',
        'another optimiser and clipping after the consents, as an amendment',
        'a text amended while a steward read the one before',
        "all others together who lower a study's noise after the consents, and an update to their plan",
        "all others together who lower a study's noise after the consents, and a score to their plan",
        'an amendment that one hospital did not accept',
      ],
    },
    {
      id: 'reasons-that-leak',
      attack: 'Saying in a reason what is charged to nobody',
      titles: [
        'grounds tell no more than the recorded scores: equal pools have equal grounds, whatever else there is',
        'whoever asks for a verdict that rejects has the rule that failed, and the counts that were charged',
      ],
    },
    {
      id: 'withdrawn-updates',
      attack: 'Counting an update whose consent was withdrawn',
      titles: [
        'an update withdrawn before the round is closed is not among those that are judged, though it arrived',
        'an update withdrawn while it is judged is not included, whoever accepted it, and its verdict does not count',
        'delivers nothing when the consent is withdrawn before the round takes no more updates',
      ],
    },
    {
      id: 'rewritten-plan',
      attack: 'A plan that was not consented to',
      titles: ['trains under no other plan than the one consented to'],
    },
    {
      id: 'underclaimed-privacy',
      attack: 'Under-claimed privacy costs, and budgets raised by their owners',
      titles: [
        'a consent that claims less than it costs',
        'an update that claims less than it cost',
        'an update with less noise than was reserved',
        "a study for which a dataset's budget is too small",
        "a budget that its owner's peer raises on its own",
        'its own accounts, by its peer alone, registered before the others were members',
        'its own accounts, by its peer alone, in a study that the others joined by an amendment',
        'the same rows registered twice, for two budgets',
        "an account moved by its owner's peer alone",
        "an account moved without its owner's peer",
        'a score that endorsers have seen is charged although its owner dates the withdrawal',
      ],
    },
    {
      id: 'new-budgets',
      attack: 'New budgets for the same people',
      titles: [
        'a grown file is no new budget for the same patients',
        'a dataset is never moved to another population: not by its id, its rows or a revision',
        'a population with the id of a dataset, whose patients would get another budget',
        'two blocks of the same patients',
        'a block after one that was opened meanwhile',
        "a dataset of somebody else's population",
        'two datasets of one population in one study cost its patients twice, also where both are scored in one verdict',
        'studies of two datasets that race for one block of their population have no more than it can bear',
        'a consent to a retired block',
        'more rounds reserve nothing in a retired block',
        'an approval is of the blocks and the revision that its steward read',
        'whatever studies come on whatever blocks, no patient loses more than the budget, and accounts say what they lost',
      ],
    },
    {
      id: 'early-erasures',
      attack: 'Erasures that are attested too early, or of something else',
      titles: [
        'an erasure waits for a round that needs the update, and not for one that goes on without it',
        'an erasure names every update with the hash that the ledger has, and none of others',
      ],
    },
    {
      id: 'undestroyed-keys',
      attack: "Reading a withdrawn dataset's updates all the same, and false words about it",
      titles: [
        'a study takes no keys',
        'a key is not replaced, nor used for anything else: in another study, as a long-lived key, by another',
        'an update says to whom it is sealed by a long-lived key, and nobody has a key that is not recorded',
        'a key that was recorded after an update, or of which an update says nothing, destroys nothing of it',
        'are destroyed one by one, so that no byte of the file or its log holds one, in any order',
        'are destroyed after a withdrawal by all, by who withdraws too, and nothing of them opens an update',
        'a sender that says it sealed to them and did not makes nobody attest what is not so',
        'a crash between any two steps of the erasure ends in the same word',
        'that a copy of the folder from before the erasure holds are destroyed again when it is started',
        'that the ledger has and the folder lacks show an older copy, which draws nothing',
      ],
    },
    {
      id: 'racing-studies',
      attack: 'Studies that race for one budget',
      titles: [
        'studies that consent at once, as many succeed as the budget can bear',
        'what the running ones spend at once is all counted',
      ],
    },
    {
      id: 'adaptive-studies',
      attack: 'Later studies chosen by what earlier ones found',
      titles: [
        'an order that was fixed decides, also where another order would let a plan in',
        'an account for releases without sampling takes no others',
      ],
    },
    {
      id: 'second-draws',
      attack: 'A second draw for one charge',
      titles: [
        'refuses a second draw for a key, and keeps the first',
        'has drawn patients once, or nobody where it may have before',
        'has sent the same update, score and aggregate, byte for byte, each time',
      ],
    },
    {
      id: 'older-folder',
      attack: 'A second release by an older copy of a folder',
      titles: [
        'draws nothing, says so and what to do, where the ledger has its update; the newest copy goes on',
        'lets exactly one release be read, where its update is on no ledger',
        'stops every other study that had a consent then, although the ledger lacks nothing of it',
      ],
    },
    {
      id: 'older-checkpoints',
      attack: 'A second draw of a round without a ledger',
      titles: [
        'that is killed while it draws keeps the charge, and never draws that round again',
        'an older copy that was put back is refused, since it would draw rounds twice',
        'two copies of a folder draw each round once between them',
        'a private run goes on only where it was begun; a run without privacy anywhere',
        'a damaged, truncated, emptied or missing file is refused by name',
      ],
    },
  ],
};
