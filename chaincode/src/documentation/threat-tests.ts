// Which tests are behind each row of the threat model, by their titles. docs/reference/threat-model-tests.md is
// written from this list, with the files that have the titles. A title that no test has stops the writing.

export interface ThreatTests {
  /** The anchor that the table in docs/concepts/threat-model.md links to. */
  readonly id: string;
  readonly attack: string;
  /** Titles of tests, or what is left of them between the values that are filled in. */
  readonly titles: readonly string[];
}

export const THREAT_TESTS: readonly ThreatTests[] = [
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
    id: 'racing-studies',
    attack: 'Studies that race for one budget',
    titles: [
      'studies that consent at once, as many succeed as the budget can bear',
      'what the running ones spend at once is all counted',
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
    id: 'unprovable-statements',
    attack: 'Statements that nobody could hold against their signer',
    titles: [
      'a first statement is not taken',
      'a first statement is not taken from a key whose signature no report can verify',
      'the largest statement that is taken can be reported',
    ],
  },
  {
    id: 'misleading-text',
    attack: 'Text that looks like other text',
    titles: ['text that nobody can read, or reads as another, is refused by the name of its field'],
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
    id: 'reading-files-as-steward',
    attack: 'A steward’s key that reads files',
    titles: [
      'refuses a path elsewhere in the same words, whether a file is there or not',
      'refuses what is no regular file of the folder in the same words as what is missing',
      'neither waits for the writer of a FIFO nor holds up access to files and names meanwhile',
      'ends a read that takes too much memory, and goes on',
      'whatever single byte of a file is damaged, it is read or refused by a problem',
      'runs that say billions of values take no room, and runs that are cut short are refused',
      'a file with a page that says too much is refused as too large',
      'each kind of broken file has a sentence of its own, with a remedy',
      'a column with one mistake in every row is one problem with a count, not twenty',
      'tells by no number of registrations what a column holds: each tells one bit of it, and there are few',
      'ids are answered for a dataset whose dictionary everyone can see, and for no other',
    ],
  },
  {
    id: 'exhausting-a-trainer',
    attack: 'Predictions and models that exhaust a trainer',
    titles: [
      'the process goes on while a graph is built, and after a text that takes too much',
      'holds few bodies of a kind at a time, whoever sends them slowly',
    ],
  },
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
    id: 'one-patient-in-a-band',
    attack: 'One patient read from a band, a divisor or a throughput',
    titles: [
      'a band hides one patient among 40 counts or more, and above 1,000 among 250 or more',
      'means divide by the band on the ledger, present, former or false, and never by the patients of the file',
      'are those of the band, whatever the number of patients in it',
      'follow from the band beside noised scores, since they would count patients',
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
    id: 'smuggled-requests',
    attack: 'Requests smuggled to a trainer under another role',
    titles: [
      "an auditor's headers do not become a steward's request at the trainer",
      'nothing of a caller but body, media type and validated parameters reaches the trainer',
      'carry a body with POST only',
      'are refused where length and chunks contradict each other, or a header is not one',
      'reach no route by another writing of its path',
      'refuses each route to each role that the table does not name, and serves it to the others',
      'does not believe a header about the role',
      'answers one request on a connection, whatever follows on it',
    ],
  },
  {
    id: 'forged-assertions',
    attack: 'Forged or repeated assertions to a trainer',
    titles: [
      'is believed once, also where the same is sent many times at once',
      'is refused when it was made before this process started, and could have been used at the one before',
      'is refused for another method, path or query',
      'is refused when it expired, is not valid yet, or would be valid for long',
      'is refused unsigned, with its signature cut off or altered, and with altered claims',
      'refuses a path that is written in another way than the assertion has it',
    ],
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
    id: 'poisoned-updates',
    attack: 'Updates that are too long or harm the model',
    titles: [
      'an update of another length, or beyond the norm, is rejected with the reason',
      'rejects updates beyond the norm bound, scores nothing, and the round is aborted',
      'rejects a candidate that scores below the minimum, with the charged score as the proof',
    ],
  },
  {
    id: 'dragged-control-variates',
    attack: 'Control variates that grow from round to round',
    titles: ['a hospital whose variate grows too long has it reset'],
  },
  {
    id: 'rewritten-plan',
    attack: 'A plan that was not consented to',
    titles: ['trains under no other plan than the one consented to'],
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
    id: 'damaged-files',
    attack: 'Local files that change unnoticed',
    titles: [
      'names the row that was changed, added or removed behind its back',
      'starts unharmed or stops by name, whichever byte of the file changes',
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
    id: 'graph-that-fails-for-one-patient',
    attack: 'Asking again until a patient is not in the batch',
    titles: [
      'is an update of nobody where training fails whenever a patient is in it, after one draw',
      'is a score of nobody where scoring fails, with the verdict that follows from it',
    ],
  },
  {
    id: 'timing-on-the-ledger',
    attack: 'Times on the ledger that tell of patients',
    titles: [
      'has its updates and verdicts recorded no sooner, however fast they were computed',
      'counts from where a draw begins, too, so that nobody who delays it sees how long it took',
    ],
  },
  {
    id: 'foreign-pins',
    attack: 'Others’ IPFS nodes filled by false CIDs',
    titles: ['pins no artefact that a finaliser names beside the attested hash, and goes on'],
  },
  {
    id: 'floating-point-noise',
    attack: 'Noise read through gaps between floating-point numbers',
    titles: [
      'what is released lies on the lattice whatever the sum, and reveals no more of it than its rounding',
      'no patient, however extreme, moves the integers by more than the bound',
    ],
  },
  {
    id: 'hostile-graphs',
    attack: 'Graphs that kill, hang or exhaust whoever runs them',
    titles: [
      'studies with hostile graphs are refused by name, and the others go on',
      'ends at once with its signal, whatever a graph is at, and takes no more',
      'refuses a graph that makes its process swallow memory, before the machine has none left',
      'counts beyond their limits are named with what was found, all at once',
      'mutated graphs are read and trained, or refused, and nothing else',
    ],
  },
  {
    id: 'graphs-that-read-files',
    attack: 'Graphs that read the trainer’s files or secrets',
    titles: ['gives a process neither secrets nor files, and lets it write none'],
  },
  {
    id: 'work-beside-the-model',
    attack: 'Work hidden beside the model’s output',
    titles: [
      'is what leads to the logit alone',
      'is the same for the file that is handed on, with its probabilities and without the rest',
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
  {
    id: 'reading-as-an-outsider',
    attack: 'Artefacts read by members that take no part',
    titles: [
      'is for the readers only: another member of the consortium cannot open it',
      'of an update are the members that take part in its round',
    ],
  },
  {
    id: 'rows-that-meet',
    attack: 'Graphs that answer one patient by another’s presence',
    titles: [
      'every operator has an answer for every row, and it follows from that row alone',
      'a study’s model scores by the same lowering',
    ],
  },
  {
    id: 'overflow-by-one-patient',
    attack: 'Overflow that one patient’s values cause',
    titles: [
      'a round runs the same graphs as often, whatever its patients hold',
      'a unit beyond the limit, or with NaN, has weight 0 and has the factors of the last unit',
    ],
  },
];
