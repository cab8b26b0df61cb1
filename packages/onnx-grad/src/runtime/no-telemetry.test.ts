import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildForwardModel } from '../model/build-forward-model.ts';

const here = (module: string) => JSON.stringify(import.meta.resolve(module));
const model = buildForwardModel({ kind: 'linear', features: 1, localIntercept: false });
const MODEL = `Buffer.from('${Buffer.from(model).toString('base64')}', 'base64')`;
const OPEN = `const { openSession } = await import(${here('./onnx-runtime.js')});
  const session = await openSession(${MODEL}, { threads: 1 });
  await session.close();`;
const inThread = (code: string) =>
  `const { Worker } = await import('node:worker_threads');
  const thread = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(code)})));
  await new Promise((resolve, reject) => thread.once('exit', resolve).once('error', reject));`;

interface Outcome {
  readonly status: number | null;
  readonly said: string;
  /** What is in its home after it: of a build that reports, an identifier, a queue of reports and a log. */
  readonly written: readonly string[];
}
const QUIET: Outcome = { status: 0, said: '', written: [] };

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'no-telemetry-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in an empty home, with no variable by which the runtime would take it for a run in CI. */
function run(code: string, given: Readonly<Record<string, string>> = {}): Outcome {
  const home = mkdtempSync(join(folder, 'home-'));
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: home,
    env: { HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache'), ...given },
    encoding: 'utf8',
  });
  return { status, said: stderr, written: readdirSync(home) };
}

describe('ONNX Runtime', () => {
  const skip = process.platform === 'linux' ? false : 'not run: only on Linux a proxy keeps the reports here';
  test('reports to its maker where nothing keeps it from that', { skip }, () => {
    // If a later version does not, the switch may go. Nothing leaves this machine: no proxy is there.
    const nowhere = { https_proxy: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' };
    const code = `const { default: ort } = await import(${here('onnxruntime-node')});
      const session = await ort.InferenceSession.create(${MODEL});
      await session.release();`;
    assert.notDeepEqual(run(code, nowhere).written, []);
  });

  test('reports nothing to its maker, whatever the environment says, on the main thread and on others', () => {
    for (const given of [{}, { ORT_DISABLE_TELEMETRY: '0' }]) {
      assert.deepEqual(run(OPEN, given), QUIET);
      assert.deepEqual(run(`await import(${here('./onnx-runtime.js')}); ${inThread(OPEN)}`, given), QUIET);
    }
  });

  test('is not loaded by a thread that cannot keep it from reporting', () => {
    const { status, said, written } = run(inThread(OPEN));
    assert.equal(status, 1);
    assert.match(
      said,
      /set ORT_DISABLE_TELEMETRY=1 for the process, or import @consilium\/onnx-grad on the main thread/,
    );
    assert.deepEqual(written, []);
    assert.deepEqual(run(inThread(OPEN), { ORT_DISABLE_TELEMETRY: '1' }), QUIET);
  });
});
