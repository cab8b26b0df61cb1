// What is tried inside a hospital.
import type { ThreatSection } from './threat-section.ts';

export const HOSPITAL: ThreatSection = {
  title: 'Inside a hospital',
  threats: [
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
      id: 'who-withdrew',
      attack: 'Who withdrew, by asking the trainer',
      titles: [
        'an employee who asks again, or reads the log, does not learn who withdrew',
        'unknown ids are named, kept, and left out should they come',
        'answers a key 50 histories of patients a day, each in the audit log, and no more',
        'a patient who withdrew is in no draw from then on, and the next revision is without them',
      ],
    },
    {
      id: 'fresh-budgets',
      attack: 'A second budget for the same patients',
      titles: [
        'a second dictionary over the same people names their population, and charges the same accounts',
        'the accounts of people cannot be doubled by preparing them twice before either is on the ledger',
        'a revision that the ledger has otherwise than it was prepared is not used',
        'rows that name no patients are no second revision, and share no population',
        'a block after one that was opened meanwhile',
      ],
    },
    {
      id: 'older-registers',
      attack: 'An older register of patients',
      titles: [
        'an older folder copied back is refused by name, before a patient is counted as new',
        'a folder without the salt of a population on the ledger draws no other one',
        'a block whose file is changed or gone is found out, with the remedy',
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
        'reveals by no number of registrations what a column holds: each reveals one bit of it, and there are few',
        'ids are answered for a dataset whose dictionary everyone can see, and for no other',
        'reads a regular file in a folder, by its path or by a link within',
        'ends a read that takes too long, and reads the next file',
        'ends a read whose dictionary makes more of a small file than the temporary folder may hold',
        'ends a read of a sparse file without end, whatever its size, when its first line is too long',
        'reads one file at a time, and refuses more than may wait',
        'reads for a study before all that people ask for, and refuses it for none of them',
        'a dataset that takes more memory than it may is refused',
        'every problem is listed at once, with line and column and without the value',
        'pages of all uses of a column count as memory while they are read, and are given back',
        'a page that says to be larger than any writer makes it is refused before it is read',
        'a page unpacks to no more than its header says, whatever it holds',
        'all pages of a file unpack to so much together',
        'refuses bad files with column and code, and without their lines and values',
        'a first line that may be a patient is refused without being repeated',
        'a code that only one patient has, in however many rows, is not written down',
        'held-out patients are named by the numbers of their rows, and by their ids only where those are asked for',
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
      id: 'damaged-files',
      attack: 'Local files that change unnoticed',
      titles: [
        'names the row that was changed, added or removed behind its back',
        'starts unharmed or stops by name, whichever byte of the file changes',
      ],
    },
  ],
};
