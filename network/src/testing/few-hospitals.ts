// The smallest demo and the smallest consortium, for tests that need no more: each hospital is three processes.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFolder } from '../programs.ts';

/** A new folder as the first tutorial makes it, for `demo --data`: three of the four UCI files as one's own. */
export function writeThreeHospitals(folder: string): string {
  const heart = join(ownFolder, 'studies/heart-disease');
  mkdirSync(folder);
  for (const site of ['cleveland', 'hungarian', 'va']) {
    copyFileSync(join(heart, `data/processed.${site}.data`), join(folder, `${site}.csv`));
  }
  copyFileSync(join(heart, 'dictionary.json'), join(folder, 'dictionary.json'));
  const { study, ...rest } = JSON.parse(readFileSync(join(heart, 'study.json'), 'utf8'));
  const small = { ...rest, study: { ...study, quorum: { updates: 2, validators: 2 } } };
  writeFileSync(join(folder, 'study.json'), JSON.stringify(small));
  return folder;
}

/** A consortium.yaml. @param more of the first organisation, as YAML within braces */
export const twoClinics = (more = ''): string => `
name: two-clinics
channel: consortium
runtime: embedded
organisations:
  - { name: north, mspId: NorthMSP, title: North Clinic${more} }
  - { name: south, mspId: SouthMSP, title: South Clinic }
chaincode: { name: consilium, policy: MAJORITY }
`;
