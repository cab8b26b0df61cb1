import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const MAIN = join(import.meta.dirname, 'main.js');
const GENESIS = '0'.repeat(64);

describe('consilium-verify', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'verify-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const run = (...words: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  const file = (text: string): string => {
    const path = join(folder, 'evidence.ndjson');
    writeFileSync(path, text);
    return path;
  };

  it('ends with 2 where it gets no usable file or arguments, and says why', () => {
    assert.match(run('--genesis', GENESIS).stderr, /name one file of evidence/);
    assert.match(run(file('{}\n')).stderr, /--genesis is missing/);
    assert.match(run(file('{}\n'), '--genesis', 'abc').stderr, /must be a SHA-256/);
    const unusable = run(file('{}\n'), '--genesis', GENESIS);
    assert.equal(unusable.status, 2);
    assert.match(
      unusable.stderr,
      /evidence.ndjson is not a usable file of evidence: line 1: format is missing/,
    );
    assert.equal(run(join(folder, 'none'), '--genesis', GENESIS).status, 2);
    assert.equal(run(file('{}\n'), '--genesis', GENESIS, '--artefacts', join(folder, 'none')).status, 2);
  });

  it('ends with 1 where something does not hold, named with its place, also as JSON', () => {
    const claim =
      '{"blocks":0,"chaincode":"consilium","channel":"c","discloses":{"blocks":0,"datasets":[],"otherStudies":[],' +
      '"transactions":0},"format":"consilium-evidence/1","studyId":"s"}\n';
    const { status, stdout } = run(file(claim), '--genesis', GENESIS);
    assert.equal(status, 1);
    assert.match(stdout, /NOT PROVEN: 1 thing does not hold.\n {2}block 0: it is missing\n/);
    const json = run(file(claim), '--genesis', GENESIS, '--json');
    assert.equal(json.status, 1);
    const { isProven, problems } = JSON.parse(json.stdout);
    assert.equal(isProven, false);
    assert.deepEqual(problems, [{ place: 'block 0', text: 'it is missing' }]);
  });

  it('says how it is used', () => {
    const { status, stdout } = run('--help');
    assert.equal(status, 0);
    assert.match(stdout, /consilium-verify FILE --genesis SHA256/);
  });
});
