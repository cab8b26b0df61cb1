// After all that happened: nothing was lost, and nothing was charged twice. Each hospital's own peer says of every
// dataset what was charged, which has to be what was recorded, and all peers have to say the same.
import { GATEWAY_PATHS, ledgerPath } from '@consilium/domain';
import { each } from '../../enrolment.ts';
import { type BudgetRow, type ChargeRow, type DossierRow, POOLS, type RoundRow } from '../../ledger-rows.ts';
import type { InsideSite } from '../inside.ts';
import type { Room } from '../room.ts';

interface Account {
  readonly datasetId: string;
  readonly budgets: readonly BudgetRow[];
  readonly charges: readonly ChargeRow[];
}

export async function compareAccounts(room: Room): Promise<string[]> {
  const sites = room.founders();
  const { client } = sites[0]!;
  const studies = await client.list<{ studyId: string }>(ledgerPath('study:list', {}));
  const dossiers = await each(studies, async ({ studyId }) => {
    const rounds = await client.list<RoundRow>(ledgerPath('round:list', { studyId }));
    const found = await each(rounds, ({ round }) =>
      client.get<DossierRow>(ledgerPath('round:getDossier', { studyId, round })),
    );
    return found.map((dossier) => ({ studyId, ...dossier }));
  });
  const heights = await each(sites, (site) => site.client.get<{ height: number }>(GATEWAY_PATHS.ledger));
  const accounts = await each(sites, (site) => accountsAt(site, sites));
  const problems: string[] = [];
  const [first, ...others] = accounts;
  for (const [at, other] of others.entries()) {
    if (JSON.stringify(other) === JSON.stringify(first)) continue;
    const [of, and] = [sites[at + 1]!.hospital.title, sites[0]!.hospital.title];
    const blocks = `${heights[at + 1]!.height} and ${heights[0]!.height}`;
    problems.push(`the peers of ${of} and ${and} say different accounts, at heights ${blocks}`);
  }
  const all = dossiers.flat();
  if (all.length === 0) problems.push('no round was found to compare');
  for (const account of first!) problems.push(...differences(account, all));
  return problems;
}

const accountsAt = ({ client }: InsideSite, sites: readonly InsideSite[]): Promise<Account[]> =>
  each(sites, async ({ hospital: { datasetId } }) => ({
    datasetId,
    budgets: await each(POOLS, (pool) =>
      client.get<BudgetRow>(ledgerPath('privacy:getBudget', { datasetId, pool })),
    ),
    charges: await client.list<ChargeRow>(ledgerPath('privacy:listEvents', { datasetId })),
  }));

/** Each recorded update is one charge of training, each score one of the held-out patients, and nothing else is. */
export function differences(
  { datasetId, charges, budgets }: Account,
  dossiers: readonly (DossierRow & { readonly studyId: string })[],
): string[] {
  const recorded = dossiers.flatMap(({ studyId, round: { round }, updates, verdicts }) => [
    ...updates.filter((one) => one.datasetId === datasetId).map(() => `training ${studyId} ${round}`),
    ...verdicts
      .flatMap(({ scores }) => scores.filter((one) => one.datasetId === datasetId))
      .map(() => `held-out ${studyId} ${round}`),
  ]);
  const charged = charges.map(({ studyId, round, privacyEvent: { pool } }) => `${pool} ${studyId} ${round}`);
  const twice = charged.filter((one, at) => charged.indexOf(one) !== at);
  return [
    ...twice.map((what) => `${datasetId} is charged twice: ${what}`),
    ...recorded
      .filter((what) => !charged.includes(what))
      .map((what) => `${datasetId} is not charged: ${what}`),
    ...charged
      .filter((what) => !recorded.includes(what))
      .map((what) => `${datasetId} lost what it paid: ${what}`),
    ...budgets
      .filter(({ reserved }) => reserved.some((cost) => cost !== '0'))
      .map(({ pool }) => `${datasetId} still reserves of its ${pool} budget`),
  ];
}
