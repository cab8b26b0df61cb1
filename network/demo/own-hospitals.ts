// Hospitals named after the files of a folder: `North Clinic.csv` is the hospital north-clinic, NorthClinicMSP.
import type { Problem } from '@consilium/command-line';
import type { DemoHospital } from './data-files.ts';

export type OwnHospital = Omit<DemoHospital, 'source' | 'hasIds' | 'own'>;

const [FEWEST, MOST] = [3, 8];
/** What else lies in a consortium's folder, and what orderers are called. */
const TAKEN = /^(ledger|fabric|logs|lock|test-network|ipfs|orderer.*)$/;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

const nameOf = (file: string): string =>
  file
    .replace(/[.]csv$/i, '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const mspIdOf = (name: string): string =>
  `${name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')}MSP`;

/** One hospital for each file, and what is wrong with their names and their number. */
export function nameHospitals(files: readonly string[]): {
  readonly hospitals: readonly OwnHospital[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const hospitals: OwnHospital[] = [];
  const known = new Map<string, string>();
  for (const file of files) {
    const [name, title] = [nameOf(file), file.replace(/[.]csv$/i, '')];
    if (!NAME.test(name) || /\p{C}/u.test(title)) {
      const remedy = 'begin it with a letter, then letters, digits and hyphens, at most 31 characters';
      problems.push({ field: file, text: 'does not name a hospital', remedy });
      continue;
    }
    if (TAKEN.test(name)) {
      problems.push({
        field: file,
        text: `names ${name}, which a part of the network is called`,
        remedy: 'rename it',
      });
      continue;
    }
    const mspId = mspIdOf(name);
    const earlier = known.get(mspId.toLowerCase());
    if (earlier !== undefined) {
      problems.push({
        field: file,
        text: `names the same hospital as ${earlier}`,
        remedy: 'give each hospital one file, and each file another name',
      });
      continue;
    }
    known.set(mspId.toLowerCase(), file);
    const datasetId = `${name}-patients`;
    hospitals.push({ name, mspId, title, datasetId, datasetTitle: `Patients of ${title}`, file });
  }
  if (files.length < FEWEST || files.length > MOST) {
    const text = `has ${files.length} CSV file${files.length === 1 ? '' : 's'}`;
    problems.push({ field: 'the folder', text, remedy: `put one per hospital there, ${FEWEST} to ${MOST}` });
  }
  return { hospitals, problems };
}
