import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findFabric, findKubo, MissingBinariesError } from './binaries.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-binaries-'));
after(() => rmSync(root, { recursive: true }));

function program(...path: string[]): string {
  const file = join(root, ...path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

test('binaries are found in FABRIC_BIN_DIR before PATH, and the builder beside them', () => {
  for (const name of ['orderer', 'peer', 'configtxgen', 'configtxlator']) program('release/bin', name);
  const elsewhere = program('elsewhere', 'osnadmin');
  program('elsewhere', 'peer');
  for (const step of ['detect', 'build', 'release']) program('release/builders/ccaas/bin', step);
  const environment = { FABRIC_BIN_DIR: join(root, 'release/bin'), PATH: join(root, 'elsewhere') };
  const { programs, ccaasBuilder } = findFabric(environment);
  assert.equal(programs.peer, join(root, 'release/bin/peer'));
  assert.equal(programs.osnadmin, elsewhere);
  assert.equal(ccaasBuilder, join(root, 'release/builders/ccaas'));
});

test('the builder of FABRIC_CCAAS_BUILDER goes before the one beside the binaries', () => {
  for (const step of ['detect', 'build', 'release']) program('own-builder/bin', step);
  const own = join(root, 'own-builder');
  const environment = {
    FABRIC_BIN_DIR: join(root, 'release/bin'),
    PATH: join(root, 'elsewhere'),
    FABRIC_CCAAS_BUILDER: own,
  };
  assert.equal(findFabric(environment).ccaasBuilder, own);
  const wrong = { ...environment, FABRIC_CCAAS_BUILDER: join(root, 'nowhere') };
  assert.throws(() => findFabric(wrong), /FABRIC_CCAAS_BUILDER/);
});

test('one error names every binary that is missing, and how to give them', () => {
  writeFileSync(join(root, 'peer'), 'not executable');
  const environment = { PATH: root };
  assert.throws(
    () => findFabric(environment),
    (error: Error) => {
      assert.ok(error instanceof MissingBinariesError);
      for (const part of [
        'orderer',
        'peer',
        'configtxgen',
        'configtxlator',
        'osnadmin',
        'ccaas',
        'FABRIC_BIN_DIR',
      ]) {
        assert.ok(error.message.includes(part), part);
      }
      return true;
    },
  );
});

test("Kubo is IPFS_BIN's, else PATH's, else the one that was built; without any there is none", () => {
  const built = program('home/.cache/consilium/kubo-v1/ipfs');
  const HOME = join(root, 'home');
  assert.equal(findKubo({ HOME, PATH: join(root, 'release/bin') }), built);
  const inPath = program('elsewhere', 'ipfs');
  assert.equal(findKubo({ HOME, PATH: join(root, 'elsewhere') }), inPath);
  const given = program('given/ipfs');
  assert.equal(findKubo({ HOME, PATH: join(root, 'elsewhere'), IPFS_BIN: given }), given);
  assert.equal(findKubo({ HOME: root, PATH: join(root, 'release/bin') }), undefined);
});
