import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findKubo } from '../../native/binaries.ts';
import { ensureIpfsNode, type IpfsNode } from '../hospital-ipfs.ts';
import { listPlace } from './backup-contents.ts';
import { assertPinned, blockNameOf, listPinned, pinnedBlocks } from './pinned-blocks.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-pins-'));
after(() => rmSync(root, { recursive: true }));
const kubo = findKubo();

describe('the pins of a stopped IPFS node', () => {
  it('have files that are named by their hash alone', () => {
    // The empty folder, as every repository has it.
    assert.equal(
      blockNameOf('bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'),
      'CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y',
    );
    assert.throws(
      () => blockNameOf('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn'),
      /is no CID in base 32/,
    );
  });

  it('are none where there is no node', async () => {
    assert.deepEqual(await listPinned({ kubo: 'no-kubo', repo: join(root, 'nowhere') }), []);
  });

  describe('of Kubo', { skip: kubo === undefined && 'not run: no Kubo' }, () => {
    const node: IpfsNode = { kubo: kubo!, repo: join(root, 'place/ipfs') };
    const ipfs = (...parameters: string[]) =>
      execFileSync(kubo!, parameters, {
        encoding: 'utf8',
        env: { ...process.env, IPFS_PATH: node.repo },
      }).trim();
    let pinned = '';
    let unpinned = '';
    before(async () => {
      await ensureIpfsNode(node);
      writeFileSync(join(root, 'large'), Buffer.alloc(600_000, 'an update'));
      writeFileSync(join(root, 'erased'), 'an update that was let go');
      pinned = ipfs('add', '--quieter', '--cid-version=1', join(root, 'large'));
      unpinned = ipfs(
        'add',
        '--quieter',
        '--cid-version=1',
        '--raw-leaves=false',
        '--pin=false',
        join(root, 'erased'),
      );
    });

    it('are in a backup with all their blocks, and what is not pinned is not', async () => {
      const blocks = await pinnedBlocks(node);
      assert.ok((await listPinned(node)).includes(pinned));
      assert.ok(blocks.has(blockNameOf(pinned)));
      assert.equal(blocks.has(blockNameOf(unpinned)), false);
      const { entries } = listPlace(join(root, 'place'), { organisation: 'clinic1', pinned: blocks });
      const contents = entries
        .filter(({ kind }) => kind === 'file')
        .map(({ path }) => readFileSync(path, 'latin1'));
      assert.equal(contents.join('').includes('an update that was let go'), false);
      assert.ok(entries.filter(({ name }) => name.endsWith('.data')).length >= 3, 'the root and its parts');
    });

    it('are missed where one is not in a restored repository, or a block is not what its name says', async () => {
      await assertPinned(node, [pinned]);
      await assert.rejects(
        assertPinned(node, [pinned, unpinned]),
        /1 pins are not in the restored repository/,
      );
      const file = readdirSync(join(node.repo, 'blocks'), { recursive: true, encoding: 'utf8' }).find(
        (name) => name.includes(blockNameOf(pinned)),
      );
      writeFileSync(join(node.repo, 'blocks', file!), 'other bytes');
      await assert.rejects(assertPinned(node, [pinned]), /repo verify.*failed/);
    });
  });
});
