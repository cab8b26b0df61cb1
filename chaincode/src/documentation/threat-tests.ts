// Which tests are behind each row of the threat model, by their titles: a file for each of its sections.
// docs/reference/threat-model-tests.md is written from them, with the files that have the titles. A title that no test
// has stops the writing.
import { AVAILABILITY } from './threats/against-availability.ts';
import { DATA_AND_BUDGETS } from './threats/against-data-and-budgets.ts';
import { EVIDENCE } from './threats/against-evidence.ts';
import { CHANNEL } from './threats/against-the-channel.ts';
import { MODEL } from './threats/against-the-model.ts';
import { RULES } from './threats/against-the-rules.ts';
import { BETWEEN_HOSTS } from './threats/between-hosts.ts';
import { GRAPH } from './threats/by-a-graph.ts';
import { CONSOLE } from './threats/in-the-console.ts';
import { HOSPITAL } from './threats/inside-a-hospital.ts';
import type { ThreatSection } from './threats/threat-section.ts';

export const THREAT_SECTIONS: readonly ThreatSection[] = [
  MODEL,
  DATA_AND_BUDGETS,
  RULES,
  CHANNEL,
  EVIDENCE,
  AVAILABILITY,
  GRAPH,
  HOSPITAL,
  CONSOLE,
  BETWEEN_HOSTS,
];
