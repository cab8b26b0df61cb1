// The compliance tutorial's questions, as it has them: each command is run by a shell against a gateway that serves,
// and prints what the tutorial shows but for names, numbers and times. CONSILIUM_REVIEW names the folder of a
// consortium that runs (make demo KEEP=1: out/demo/consortium); without it, a study in memory with the same steps
// answers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { StudyOnLedger } from '@consilium/chaincode/testing/study-on-ledger';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { playedHistory } from '../testing/played-history.ts';

const ROOT = new URL('../../../../', import.meta.url);
const RUNNING = process.env.CONSILIUM_REVIEW;
const BEGIN = '## The questions, each in one request';
const END = '## 1. ';

interface Step {
  readonly command: string;
  readonly output: string;
}

/** Each command of the section with the output that follows it. */
function stepsOf(tutorial: string): Step[] {
  const section = tutorial.slice(tutorial.indexOf(BEGIN), tutorial.indexOf(END));
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```\n\n```\n([\s\S]*?)^```$/gm)].map(
    ([, command = '', output = '']) => ({ command, output }),
  );
}

/** What is left of a text when names, numbers and times are any. */
const formOf = (text: string): string[] => {
  const lines = text.trim().split('\n');
  const forms = lines.map((line) =>
    line
      .replaceAll(/“[^”]*” \([^)]*\)/g, 'NAME')
      .replaceAll(/\b[A-Za-z]+MSP\b/g, 'NAME')
      .replaceAll(/“[^”]*”/g, 'TEXT')
      .replaceAll(/\d{4}-\d{2}-\d{2} at \d{2}:\d{2}:\d{2} UTC/g, 'TIME')
      .replaceAll(/\d{4}-\d{2}-\d{2}T[0-9:.]+Z/g, 'TIME')
      .replaceAll(/\d{4}-\d{2}-\d{2}/g, 'DAY')
      .replaceAll(/\d{2}:\d{2}:\d{2} UTC/g, 'TIME')
      .replaceAll(/\d+([.,]\d+)*/g, 'N')
      .replaceAll(/NAME(, NAME)*( and NAME)?/g, 'NAMES')
      .replaceAll(/\b(organisation|dataset|hospital|account)s\b/g, '$1'),
  );
  // Of several blocks of patients each has a line.
  return [...new Set(forms)];
};

/** The names that the demo has, as the study in memory has them. */
const IN_MEMORY: readonly (readonly [string, string])[] = [
  ['cleveland-heart', 'alpha'],
  ['ClevelandMSP', 'AlphaMSP'],
];

const missing = ['bash', 'curl', 'jq'].filter(
  (program) => !(process.env.PATH ?? '').split(':').some((folder) => exists(join(folder, program))),
);
function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}
const skip = missing.length === 0 ? false : `not run: ${missing.join(', ')} is not here`;

describe("the compliance tutorial's questions", { skip }, () => {
  const tutorial = readFileSync(new URL('docs/tutorials/compliance-review.md', ROOT), 'utf8');
  const steps = stepsOf(tutorial);
  const folder = mkdtempSync(join(tmpdir(), 'review-'));
  let gateway: GatewayFixture | undefined;
  let set: Record<string, string>;

  before(async () => {
    if (RUNNING !== undefined) {
      const read = (file: string) => JSON.parse(readFileSync(resolve(RUNNING, file), 'utf8'));
      const { organisations } = read('consortium.json');
      const { gatewayUrl } = organisations.find(({ name }: { name: string }) => name === 'cleveland');
      set = { GATEWAY: gatewayUrl, AUDITOR: read('cleveland/keys.json').gateway.auditor };
    } else {
      const study = await StudyOnLedger.running({ purpose: 'DUO:0000006', rounds: 2 });
      for (const round of [1, 2]) await study.wholeRound(round);
      await study.submit({ role: 'trainer', mspId: 'AlphaMSP' }, 'model:publish', { studyId: 'heart' });
      for (const datasetId of ['alpha', 'beta', 'delta', 'gamma']) await study.settle(datasetId);
      gateway = await openGateway({ history: playedHistory(study, study.mspIds) });
      const address = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
      set = { GATEWAY: address, AUDITOR: gateway.keys.auditor, STUDY: 'heart', DAY: '2026-03-01' };
    }
  });
  after(async () => {
    await gateway?.close();
    rmSync(folder, { recursive: true });
  });

  async function run(command: string): Promise<string> {
    const named = RUNNING === undefined ? IN_MEMORY : [];
    const own = named.reduce((text, [name, ours]) => text.replaceAll(name, ours), command);
    const [, ask] = /^(ask\(\) .*)$/m.exec(tutorial)!;
    const ready =
      RUNNING === undefined ? '' : "STUDY=$(ask /studies | jq -r '.items[0].studyId'); DAY=$(date -u +%F)\n";
    const given = own.replaceAll(/\$\(date -u \+%F\)/g, '$DAY').replaceAll('out/review', folder);
    const script = `set -euo pipefail\n${ask}\n${ready}${given}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      env: { ...process.env, ...set },
      cwd: folder,
    });
    return named.reduce(
      (text, [name, ours]) => text.replaceAll(new RegExp(`\\b${ours}\\b`, 'g'), name),
      stdout,
    );
  }

  it('are all there: each of the seven, a spreadsheet, and a page for printing', () => {
    const asked = steps.map(({ command }) => command).join('\n');
    for (const path of ['datasets', 'models', 'hospitals', 'purposes', 'budgets', 'withdrawals', 'days']) {
      assert.match(asked, new RegExp(`/questions/${path}`), path);
    }
    assert.match(asked, /format=csv/);
    assert.match(asked, /format=html/);
  });

  for (const { command, output } of steps) {
    it(`print what is shown: ${command.split('\n')[0]}`, async () => {
      assert.deepEqual(formOf(await run(command)), formOf(output));
    });
  }
});
