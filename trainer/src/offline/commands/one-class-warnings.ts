// Labels that are all the same teach nothing: a model learns to say so, and its accuracy looks perfect.
import type { EncodedTarget } from '@consilium/domain';
import type { SimulatedHospital } from '../simulation/simulated-study.ts';

type LabelledSite = Pick<SimulatedHospital, 'name' | 'training'>;

/** Whether two labels differ. */
function haveSeveral(sites: readonly LabelledSite[]): boolean {
  let first: number | undefined;
  for (const site of sites) {
    for (const label of site.training.labels) {
      first ??= label;
      if (label !== first) return true;
    }
  }
  return false;
}

/** A sentence for each hospital whose training labels are all the same, or one for all. No label is repeated. */
export function oneClassWarnings(sites: readonly LabelledSite[], { kind }: EncodedTarget): string[] {
  const remedy = 'Check label.column and label.rule of the dictionary, and which rows the file has.';
  const same = kind === 'numeric' || kind === 'count' ? 'have one value' : 'are of one class';
  if (!haveSeveral(sites)) {
    return [`All training labels ${same}: there is nothing to learn, and accuracy looks perfect. ${remedy}`];
  }
  return sites
    .filter((site) => !haveSeveral([site]))
    .map(
      ({ name }) => `All training labels of ${name} ${same}: it teaches the model nothing else. ${remedy}`,
    );
}
