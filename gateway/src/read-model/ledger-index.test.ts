import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { written, writtenHistory } from '../testing/written-history.ts';
import { IndexReader } from './ledger-index.ts';

const open = { schema: 1, studyId: 's' };
const TIMES = ['2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z', '2026-03-03T08:00:00.000Z'] as const;

/** A row that changes and goes, one beside it, and rows of other kinds and keys around them. */
const HISTORY = [
  {
    at: TIMES[0],
    name: 'study:consent',
    argument: { studyId: 's' },
    writes: [
      written('open-consent', ['AMSP', 's', 'd'], open),
      written('open-consent', ['AMSP', 's', 'e'], open),
      written('open-consent', ['AMSP', 's2', 'd'], { ...open, studyId: 's2' }),
      written('open-study', ['AMSP', 's'], open),
    ],
  },
  { at: TIMES[1], writes: [written('open-consent', ['AMSP', 's', 'd'], { ...open, more: true })] },
  { at: TIMES[2], writes: [written('open-consent', ['AMSP', 's', 'd'], undefined)] },
];

describe('the index of the ledger', () => {
  const index = writtenHistory(HISTORY);
  const { history } = index;
  after(() => index.close());

  it('answers rows as they are now, and leaves out those that were deleted', () => {
    assert.equal(history.row('open-consent', ['AMSP', 's', 'd']), undefined);
    assert.equal(history.row('open-consent', ['AMSP', 's', 'unknown']), undefined);
    const found = history.row('open-consent', ['AMSP', 's', 'e']);
    assert.deepEqual(found && { ...found }, {
      kind: 'open-consent',
      key: ['AMSP', 's', 'e'],
      row: open,
      text: JSON.stringify(open),
      transactionId: '0'.repeat(64),
      block: 0,
      place: 0,
      at: TIMES[0],
    });
    const keys = (prefix: readonly string[]) =>
      [...history.rows('open-consent', prefix)].map(({ key }) => key);
    assert.deepEqual(keys(['AMSP', 's']), [['AMSP', 's', 'e']]);
    assert.deepEqual([...history.keys('open-consent', ['AMSP', 's'])], keys(['AMSP', 's']));
    assert.deepEqual([...history.keys('open-consent')], keys([]));
    assert.deepEqual(keys([]), [
      ['AMSP', 's', 'e'],
      ['AMSP', 's2', 'd'],
    ]);
  });

  it('asks the same while it is being asked, and again where a reader stopped before the end', () => {
    const keys = () => history.keys('open-consent');
    const pairs: string[] = [];
    for (const outer of keys()) for (const inner of keys()) pairs.push(`${outer[1]} ${inner[1]}`);
    assert.deepEqual(pairs, ['s s', 's s2', 's2 s', 's2 s2']);
    for (let time = 0; time < 3; time++) {
      for (const [, first] of keys()) {
        assert.equal(first, 's');
        break;
      }
    }
    assert.deepEqual([...keys()].length, 2);
  });

  it('leads to rows by what they say, whatever people wrote in them, and to none that is gone', () => {
    const said = (texts: object) => ({ schema: 4, state: 'granted', reason: '"withdrawnAt":"', ...texts });
    const withdrawn = said({ withdrawnAt: TIMES[1] });
    const verdict = (decision: string, accepted: boolean) => ({
      schema: 2,
      accepted,
      decisions: [{ decision }],
    });
    const looked = writtenHistory([
      {
        at: TIMES[0],
        writes: [
          written('consent', ['s', 'd'], said({})),
          written('consent', ['s2', 'd'], said({})),
          written('consent', ['s', 'e'], withdrawn),
          written('verdict', ['s', '00001', 'AMSP'], verdict('reject', true)),
          written('verdict', ['s', '00002', 'AMSP'], verdict('accept', true)),
          written('verdict', ['s', '00003', 'AMSP'], verdict('accept', false)),
          written('verdict', ['s', '00001', 'BMSP'], verdict('accept', true)),
          written('study', ['s'], { schema: 4, title: '"purpose":"DUO:1"', purpose: 'DUO:2' }),
        ],
      },
      { at: TIMES[1], writes: [written('consent', ['s2', 'd'], undefined)] },
    ]);
    const keys = (...[lookup, value]: Parameters<typeof history.lookUp>) =>
      [...looked.history.lookUp(lookup, value)].map(({ key }) => key.join(' '));
    assert.deepEqual(keys('consentsOfDataset', 'd'), ['s d']);
    assert.deepEqual(keys('withdrawnConsents', 'all'), ['s e']);
    const refused = (mspId: string) =>
      [...looked.history.refusals(mspId, {})].map(({ kind, record }) => `${kind} ${record.key.join(' ')}`);
    assert.deepEqual(refused('AMSP'), ['update rejected s 00001 AMSP', 'model rejected s 00003 AMSP']);
    assert.deepEqual(refused('BMSP'), []);
    assert.deepEqual([keys('studiesOfPurpose', 'DUO:2'), keys('studiesOfPurpose', 'DUO:1')], [['s'], []]);
    looked.close();
  });

  it('answers all that a row held, and that it was deleted, oldest first', () => {
    const versions = [...history.versions<{ more?: boolean }>('open-consent', ['AMSP', 's', 'd'])];
    assert.deepEqual(
      versions.map(({ at, row }) => [at, row?.more]),
      [
        [TIMES[0], undefined],
        [TIMES[1], true],
        [TIMES[2], undefined],
      ],
    );
    assert.equal(versions[2]!.row, undefined);
  });

  it('answers what changed from a time on, up to before another', () => {
    const at = (period: object) => [...history.changes('open-consent', period)].map((change) => change.at);
    assert.deepEqual(at({ from: TIMES[1] }), [TIMES[1], TIMES[2]]);
    assert.deepEqual(at({ from: TIMES[1], to: TIMES[2] }), [TIMES[1]]);
    assert.deepEqual(at({ prefix: ['AMSP', 's', 'e'] }), [TIMES[0]]);
    assert.deepEqual(at({ prefix: ['AMSP', 's', 'e'], from: TIMES[1] }), []);
    assert.throws(() => at({ from: 'yesterday' }), /yesterday is no time/);
  });

  it('answers transactions with what they wrote, by id, by time and by sender', () => {
    const first = history.transaction('0'.repeat(64));
    assert.deepEqual(first?.argument, { studyId: 's' });
    assert.deepEqual(first?.rows.at(-1), { kind: 'open-study', key: ['AMSP', 's'] });
    assert.equal(history.transaction('f'.repeat(64)), undefined);
    const ids = (within: object) => [...history.transactions(within)].map(({ block }) => block);
    assert.deepEqual(ids({}), [0, 1, 2]);
    assert.deepEqual(ids({ from: TIMES[1] }), [1, 2]);
    assert.deepEqual(ids({ mspId: 'Org1MSP', to: TIMES[1] }), [0]);
    assert.deepEqual(ids({ mspId: 'AMSP' }), []);
  });

  it('says up to which block it answers, and whose peers sent the same', () => {
    assert.deepEqual(history.edge(), { blocks: 3, at: TIMES[2], organisations: ['Org1MSP'] });
    index.agree(['Org2MSP'], 2);
    assert.deepEqual(history.edge().organisations, ['Org1MSP']);
    const nothing = writtenHistory([]);
    assert.deepEqual(nothing.history.edge(), { blocks: 0, at: undefined, organisations: [] });
    nothing.close();
  });

  it('takes the time up to which it answers from what took effect by the rules alone', () => {
    const [late, other] = ['9999-01-01T00:00:00.000Z', '_lifecycle'];
    const claimed = writtenHistory([
      { at: TIMES[0], writes: [] },
      { at: late, writes: [], code: 'ENDORSEMENT_POLICY_FAILURE' },
      { at: late, writes: [], chaincode: other },
    ]);
    assert.deepEqual([claimed.history.edge().blocks, claimed.history.edge().at], [3, TIMES[0]]);
    claimed.close();
  });

  it('prefers the transaction that took effect where an id was used twice', () => {
    const [transaction] = HISTORY;
    const twice = writtenHistory([
      { ...transaction!, transactionId: 'a' },
      { ...transaction!, transactionId: 'a', writes: [], code: 'DUPLICATE_TXID' },
    ]);
    assert.equal(twice.history.transaction('a')?.block, 0);
    twice.close();
  });

  it('adds all of a block or nothing', () => {
    const { blocks } = history.edge();
    const transactions = [...history.transactions({})].map((one) => ({
      ...one,
      atMs: 0,
      argument: undefined,
      writes: [],
    }));
    const broken = { ...transactions[0]!, place: 1, code: undefined as unknown as string };
    const block = { number: 3, hash: Buffer.alloc(32), configuration: 0, codes: [] };
    assert.throws(() => index.add({ ...block, transactions: [transactions[0]!, broken] }));
    assert.equal(history.edge().blocks, blocks);
  });

  it('is read by another connection at one height, while it grows', () => {
    const directory = mkdtempSync(join(tmpdir(), 'index-'));
    const file = join(directory, 'index.sqlite');
    const writer = writtenHistory(HISTORY, file);
    const reader = new IndexReader(file, 'consilium');
    try {
      reader.read((seen) => {
        assert.equal(seen.edge().blocks, 3);
        const block = { number: 3, hash: Buffer.alloc(32), configuration: 0, codes: [] };
        writer.add({ ...block, transactions: [] });
        assert.equal(seen.edge().blocks, 3);
      });
      assert.equal(
        reader.read((seen) => seen.edge().blocks),
        4,
      );
    } finally {
      reader.close();
      writer.close();
      rmSync(directory, { recursive: true });
    }
  });
});
