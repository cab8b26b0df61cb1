// Spoiled arguments for every transaction of the table, by members and others, over studies at several points of their
// life: each is done or refused with a code of the table. INTERNAL, an answer that differs between endorsers, and a
// transaction that takes seconds of a peer's processor are findings.

import { DomainError, ROLES, TRANSACTIONS, type TransactionName } from '@consilium/domain';
import {
  Finding,
  type FuzzTarget,
  fuzzProgram,
  mutateBytes,
  mutateJson,
  type Random,
} from '@consilium/fuzz-loop';
import type { Caller } from '../src/testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../src/testing/study-on-ledger.ts';

/** What arguments are made of where no study has used the transaction. */
const FIELDS: Readonly<Record<string, unknown>> = {
  studyId: STUDY,
  datasetId: DATASETS[0],
  mspId: MEMBERS[0],
  round: 1,
  motion: 1,
  reason: 'as discussed',
  accept: true,
  limit: 10,
  pool: 'training',
  claimedEpsilon: '2',
};

export const TRANSACTION_ARGUMENTS: FuzzTarget = {
  name: 'transactions',
  maxRunCpuMs: 10_000,
  reopenAfterRuns: 2_000,
  async open() {
    const worlds = await studies();
    const examples = examplesOf(worlds);
    return {
      async run(random) {
        const world = random.pick(worlds);
        const { name, kind, argument, roles } = random.pick(TRANSACTIONS);
        const mspId = random.chance(0.95) ? random.pick(MEMBERS) : 'StrangerMSP';
        const caller: Caller = as(random.chance(0.9) ? random.pick(roles) : random.pick(ROLES), mspId);
        const given = examples.get(name) ?? [argumentFor(argument)];
        const text = spoil(random, random.pick(given));
        // A few are committed, so that later ones meet rows that no study would make.
        const commits = kind === 'submit' && random.chance(0.1);
        const peers = commits ? MEMBERS : [random.pick(MEMBERS)];
        world.now += 1000;
        const log = world.log.length;
        const endorsed = await world.endorse(caller, name as TransactionName, text, peers).catch((cause) => {
          throw new Finding(`${name}: ${String(cause)}`, text, { cause });
        });
        for (const { error } of endorsed.refusals) {
          if (!(error instanceof DomainError) || error.code === 'INTERNAL') {
            const why = world.log.slice(log).join('\n').slice(0, 2_000);
            throw new Finding(`${name} by ${mspId} ends in ${String(error)}\n${why}`, text, { cause: error });
          }
        }
        world.log.length = 0;
        const [refusal] = endorsed.refusals;
        if (refusal !== undefined) return (refusal.error as DomainError).code;
        if (commits) return `commit ${world.commit(name, text, endorsed)}`;
        return 'endorsed';
      },
    };
  },
};

/** Studies proposed, running, with a round open, judged, finalised, and with a motion under way. */
async function studies(): Promise<StudyOnLedger[]> {
  const open = await StudyOnLedger.running();
  await open.open(1);
  await open.update('alpha', 1);
  const judged = await StudyOnLedger.running();
  await judged.tallied(1);
  const finished = await StudyOnLedger.running();
  await finished.wholeRound(1);
  await finished
    .move('BetaMSP', { kind: 'pause' } as Parameters<StudyOnLedger['move']>[1])
    .catch(() => undefined);
  return [await StudyOnLedger.prepared(), await StudyOnLedger.proposed(), open, judged, finished];
}

/** The arguments that the studies themselves used, by transaction. */
function examplesOf(worlds: readonly StudyOnLedger[]): ReadonlyMap<string, readonly unknown[]> {
  const used = worlds.flatMap(({ committed }) => committed);
  const byName = Map.groupBy(used, ({ name }) => name);
  return new Map([...byName].map(([name, all]) => [name, all.map(({ argument }) => JSON.parse(argument))]));
}

function argumentFor(schema: object): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, unknown> };
  return Object.fromEntries(
    Object.keys(properties).flatMap((name) => (name in FIELDS ? [[name, FIELDS[name]]] : [])),
  );
}

function spoil(random: Random, argument: unknown): string {
  if (random.chance(0.25)) return JSON.stringify(argument);
  if (random.chance(0.1)) {
    return mutateBytes(random, Buffer.from(JSON.stringify(argument))).toString(
      random.pick(['utf8', 'latin1']),
    );
  }
  return JSON.stringify(mutateJson(random, argument)) ?? 'undefined';
}

await fuzzProgram(import.meta.url, TRANSACTION_ARGUMENTS);
