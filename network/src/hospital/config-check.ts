// What a consortium.yaml means, before anybody starts anything.
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { parseConsortium } from '../config.ts';
import { readText } from '../yaml-document.ts';
import { type Agreed, parseAgreed } from './agreed-consortium.ts';
import { chaincodeSha256 } from './code-digest.ts';
import { readHospital } from './hospital-file.ts';
import { defaultsTaken, portsText } from './inside-ports.ts';
import { toleranceText } from './tolerance.ts';

export interface CheckedConfiguration {
  /** Of the file's bytes: what organisations compare. */
  readonly sha256: string;
  readonly sentences: readonly string[];
}

/** What its consortium.yaml means, and its own ports beside the agreed ones. @throws ConfigError of either file. */
export function checkHospital(path: string): CheckedConfiguration {
  const hospital = readHospital(path);
  const ports = portsText(hospital);
  const sentences = sentencesOf(hospital);
  return { sha256: hospital.digest, sentences: [...sentences, ...ports] };
}

/** @throws ConfigError with every problem of the file. */
export function checkConfiguration(file: string): CheckedConfiguration {
  const text = readText(file, 'name a consortium.yaml with --config');
  const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
  if (!isOfHospitalsApart(text)) {
    const { organisations } = parseConsortium(text, file);
    const count = organisations.length;
    const sentence = `One operator runs all ${count} organisations on one machine, and holds the keys of all.`;
    return { sha256, sentences: [sentence, 'Hospitals on hosts of their own have `form: hospitals-apart`.'] };
  }
  const { consortium } = parseAgreed(text, file);
  return { sha256, sentences: [...sentencesOf({ consortium }), ...defaultsTaken(consortium, text)] };
}

function sentencesOf({ consortium }: Pick<Agreed, 'consortium'>): string[] {
  const without = consortium.organisations
    .filter(({ roots }) => roots === undefined)
    .map(({ mspId }) => mspId);
  const code = chaincodeSha256();
  return [
    ...toleranceText(consortium),
    ...(without.length === 0 ? [] : [`Not complete: the roots of ${without.join(', ')} are missing.`]),
    code === consortium.chaincode.sha256
      ? 'Chaincode: the code built here is the agreed one.'
      : `Chaincode: the code built here is not the agreed one; its digest is ${code}.`,
  ];
}

/** A document that is not YAML is left to its parser, which says where it is wrong. */
function isOfHospitalsApart(text: string): boolean {
  try {
    return typeof (parse(text) as { form?: unknown } | null)?.form === 'string';
  } catch {
    return false;
  }
}
