// The update between two configurations, as Fabric's own tool computes it where that is installed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { readGroup, resultOfUpdate } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { findFabric, whyNoFabric } from '../native/binaries.ts';
import { computeUpdate, groupMessage, serializeUpdate, updateBytes, versionsOf } from './compute-update.ts';
import { groupAt, withGroup, without } from './configuration-tree.ts';
import {
  addOrderer,
  addOrganisation,
  changeAnchorPeers,
  changeBatchTimeout,
  changeBlockSize,
  changePolicy,
  removeOrderer,
  removeOrganisation,
  renewOrderer,
} from './proposals.ts';
import { RefusedCeremonyError } from './refused-ceremony.ts';
import { type Founder, foundedChannel, founder } from './testing/founders.ts';

const { common } = fabricProtos;
type Tree = Awaited<ReturnType<typeof foundedChannel>>['configuration']['root'];

let raft: Tree;
let bft: Tree;
let delta: Founder;
before(async () => {
  raft = (await foundedChannel()).configuration.root;
  bft = (await foundedChannel(['AlphaMSP', 'BetaMSP', 'GammaMSP', 'EtaMSP'], 'bft')).configuration.root;
  delta = await founder('DeltaMSP');
});

const renewed = () => ({ tls: delta.definition.orderers[0]!.clientTls });
const GAMMA = { host: 'orderer0.gammamsp', port: 7050 };
const CHANGES: readonly (readonly [string, (root: Tree) => Tree])[] = [
  ['another batch timeout', (root) => changeBatchTimeout(root, 700)],
  ['larger blocks', (root) => changeBlockSize(root, 10)],
  ['another policy', (root) => changePolicy(root, '/Channel/Application/Admins', 'ALL Admins')],
  ['one more organisation', (root) => addOrganisation(root, { ...delta.definition, orderers: [] })],
  ['one more organisation that orders', (root) => addOrganisation(root, delta.definition)],
  ['one orderer fewer', (root) => removeOrderer(root, GAMMA)],
  ['one organisation fewer', (root) => removeOrganisation(removeOrderer(root, GAMMA), 'GammaMSP')],
  ['no anchor peers', (root) => changeAnchorPeers(root, 'AlphaMSP', [])],
  ['a renewed orderer', (root) => renewOrderer(root, GAMMA, renewed())],
  [
    'one more orderer',
    (root) => addOrderer(root, 'BetaMSP', { ...delta.definition.orderers[0]!, host: 'orderer1.betamsp' }),
  ],
  [
    'two at once, and a policy under another governor',
    (root) =>
      withGroup(changeBatchTimeout(root, 700), ['Application'], (group) => {
        const admins = { ...group.policies.get('Admins')!, modPolicy: '/Channel/Admins' };
        return { ...group, policies: new Map(group.policies).set('Admins', admins) };
      }),
  ],
];

/** The tree that an update makes, without the versions of its items. */
const contents = (group: Tree): unknown => {
  const each = <A>(map: ReadonlyMap<string, A>, write: (item: A) => unknown) =>
    Object.fromEntries(
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, write(item)]),
    );
  return {
    modPolicy: group.modPolicy,
    groups: each(group.groups, contents),
    values: each(group.values, ({ value, modPolicy }) => [Buffer.from(value).toString('hex'), modPolicy]),
    policies: each(group.policies, ({ value, modPolicy, type }) => [
      type,
      Buffer.from(value).toString('hex'),
      modPolicy,
    ]),
  };
};

test('the update leads from the one configuration to the other, under Raft and BFT', () => {
  for (const root of [raft, bft]) {
    for (const [name, change] of CHANGES) {
      const after = change(root);
      const update = common.ConfigUpdate.deserializeBinary(updateBytes('consortium', root, after));
      const sets = [update.getReadSet()!, update.getWriteSet()!].map((set) =>
        readGroup(set.serializeBinary()),
      );
      const result = resultOfUpdate(root, { readSet: sets[0]!, writeSet: sets[1]! });
      assert.ok(!('problem' in result), `${name}: ${JSON.stringify(result)}`);
      assert.deepEqual(contents(result.after!), contents(after), name);
    }
  }
});

test('the update names the version of everything that it was computed on', () => {
  const update = common.ConfigUpdate.deserializeBinary(
    updateBytes('consortium', raft, changeBatchTimeout(raft, 700)),
  );
  assert.deepEqual(update.getReadSet()!.serializeBinary(), groupMessage(versionsOf(raft)).serializeBinary());
  assert.ok(update.getReadSet()!.serializeBinary().length < 4096);
});

test('whatever is removed or altered at random, the update makes that configuration of the first', () => {
  const places = [[], ['Application'], ['Orderer'], ['Application', 'AlphaMSP'], ['Orderer', 'BetaMSP']];
  const edit = fc.record({
    place: fc.constantFrom(...places),
    kind: fc.constantFrom('groups' as const, 'values' as const, 'policies' as const),
    pick: fc.nat(),
    isRemoval: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let after = raft;
      for (const { place, kind, pick, isRemoval } of edits) {
        let group: Tree;
        try {
          group = groupAt(after, place);
        } catch {
          continue;
        }
        const names = [...group[kind].keys()];
        const name = names[pick % Math.max(names.length, 1)];
        if (name === undefined) continue;
        after = withGroup(after, place, (old) => {
          if (isRemoval) return { ...old, [kind]: without(old[kind] as ReadonlyMap<string, never>, name) };
          const item = { ...old[kind].get(name)!, modPolicy: `Other${pick % 3}` };
          return {
            ...old,
            [kind]: new Map(old[kind] as ReadonlyMap<string, never>).set(name, item as never),
          };
        });
      }
      let sets: ReturnType<typeof computeUpdate>;
      try {
        sets = computeUpdate(raft, after);
      } catch (error) {
        assert.ok(error instanceof RefusedCeremonyError);
        assert.deepEqual(contents(after), contents(raft));
        return;
      }
      const result = resultOfUpdate(raft, { ...sets, readSet: versionsOf(raft) });
      assert.ok(!('problem' in result), JSON.stringify(result));
      assert.deepEqual(contents(result.after!), contents(after));
    }),
  );
});

test('what changes is written as configtxlator writes it', { skip: whyNoFabric() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-update-'));
  try {
    const file = (name: string) => join(folder, name);
    const write = (name: string, root: Tree) => {
      const config = new common.Config();
      config.setChannelGroup(groupMessage(root));
      writeFileSync(file(name), config.serializeBinary());
    };
    for (const root of [raft, bft]) {
      for (const [name, change] of CHANGES) {
        const after = change(root);
        write('before.pb', root);
        write('after.pb', after);
        const pair = ['--original', file('before.pb'), '--updated', file('after.pb')];
        const rest = ['--channel_id', 'consortium', '--output', file('update.pb')];
        execFileSync(findFabric().programs.configtxlator, ['compute_update', ...pair, ...rest]);
        // Go writes maps in any order.
        const theirs = common.ConfigUpdate.deserializeBinary(readFileSync(file('update.pb')));
        const ours = serializeUpdate('consortium', computeUpdate(root, after));
        assert.deepEqual(Buffer.from(theirs.serializeBinary()), Buffer.from(ours), name);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
