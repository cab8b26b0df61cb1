// What is tried by a study's graph, and by those who read what a round releases.
import type { ThreatSection } from './threat-section.ts';

export const GRAPH: ThreatSection = {
  title: "A study's graph",
  threats: [
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
      id: 'graph-that-fails-for-one-patient',
      attack: 'Asking again until a patient is not in the batch',
      titles: [
        'is an update of nobody where training fails whenever a patient is in it, after one draw',
        'is a score of nobody where scoring fails, with the verdict that follows from it',
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
    {
      id: 'floating-point-noise',
      attack: 'Noise read through gaps between floating-point numbers',
      titles: [
        'what is released lies on the lattice whatever the sum, and reveals no more of it than its rounding',
        'no patient, however extreme, moves the integers by more than the bound',
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
      id: 'timing-on-the-ledger',
      attack: 'Times on the ledger that tell of patients',
      titles: [
        'has its updates and verdicts recorded no sooner, however fast they were computed',
        'counts from where a draw begins, too, so that nobody who delays it sees how long it took',
      ],
    },
  ],
};
