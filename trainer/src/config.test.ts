import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, sentenceOf } from '@consilium/command-line';
import { readConfig } from './config.ts';

const COMPLETE = {
  CONSILIUM_GATEWAY_URL: 'http://127.0.0.1:8080',
  CONSILIUM_GATEWAY_KEY: 'key',
  CONSILIUM_TRAINER_KEY: 'a-key-of-32-characters-or-longer',
  CONSILIUM_IPFS_URL: 'http://127.0.0.1:5001',
  CONSILIUM_DATA_DIR: '/var/lib/trainer',
  CONSILIUM_MSP_ID: 'Charite',
};

describe('the configuration', () => {
  it('fills in what may be left out', () => {
    const config = readConfig(COMPLETE);
    assert.equal(config.takeoverMs, 20_000);
    assert.equal(config.port, 0);
  });

  it('names everything that is missing at once', () => {
    assert.throws(
      () => readConfig({}),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        for (const name of Object.keys(COMPLETE)) {
          assert.ok(
            error.problems.some((problem) => sentenceOf(problem).startsWith(`${name} is not set`)),
            name,
          );
        }
        return true;
      },
    );
  });

  it('refuses what is malformed, without showing a key', () => {
    const wrong = {
      ...COMPLETE,
      CONSILIUM_TRAINER_KEY: 'short-secret-of-31-characters-.',
      CONSILIUM_IPFS_URL: 'ftp://x',
      CONSILIUM_PORT: '99999',
      CONSILIUM_TAKEOVER_MS: 'soon',
      CONSILIUM_MSP_ID: 'a b',
      CONSILIUM_LOG_LEVEL: 'loud',
      CONSILIUM_TRACES: 'http://user:short-secret@collector/v1/traces',
    };
    assert.throws(
      () => readConfig(wrong),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.problems.length, 7);
        assert.doesNotMatch(error.message, /short-secret/);
        return true;
      },
    );
  });
});
