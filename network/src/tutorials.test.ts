// The three tutorials, followed literally in what a fresh clone is once it is built: every command as it
// is pasted, and what it prints held against what the document shows. Then the requests of other documents, as they are
// pasted, in the consortium that runs. Beside it, what an operator may meet on the way: processes that are killed, and
// keys that others must not use.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsortiumStatus, consortiumStatus } from './status.ts';
import { stopConsortium } from './stop.ts';
import { cloneBuilt, whyNoClone } from './testing/built-clone.ts';
import { formsOf, PastingShell, readSteps, type Step } from './testing/followed-document.ts';

const repository = join(import.meta.dirname, '../../..');
const clone = realpathSync(mkdtempSync(join(tmpdir(), 'consilium-tutorials-')));
const demo = join(clone, 'out/demo');
const consortium = join(clone, '.consortium');

function whyNot(): string | false {
  if (
    !['test-network', 'gateway', 'trainer'].every((name) => existsSync(join(repository, name, 'dist/src')))
  ) {
    return 'not run: the other packages are not built';
  }
  for (const program of ['bash', 'make', 'curl', 'jq', 'sha256sum']) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch {
      return `not run: the tutorials need ${program}, which is not installed`;
    }
  }
  return whyNoClone(repository);
}
const skip = whyNot();
if (skip === false) cloneBuilt(repository, clone);

after(async () => {
  for (const directory of [join(demo, 'consortium'), consortium]) {
    if (consortiumStatus(directory).state !== 'stopped') await stopConsortium(directory);
  }
  rmSync(clone, { recursive: true });
});

/** Longer than a demo takes on a machine that is busy with much else. */
const LONG = { timeout: 1_500_000 };

const HOSPITALS = [
  'Cleveland Clinic Foundation',
  'Hungarian Institute of Cardiology, Budapest',
  'University Hospitals Zurich and Basel',
  'V.A. Medical Center, Long Beach',
];

/** What else differs between runs: where they run, who leads a round, and what noise makes of a candidate. */
const replaceWhatVaries = (line: string): string =>
  line
    .replaceAll(clone, 'CLONE')
    .replaceAll('/home/you/consilium', 'CLONE')
    .replace(/(round:open|leader:).*/, (all) => all.replace(/\w+MSP/, 'LEADER'))
    .replace(/\w+MSP\t(round:open)/, 'LEADER\t$1')
    .replace(/\t(accepts|rejects)\t/, '\tVERDICT\t')
    .replace(/peers of \d+ organisations? sent the same: .*/, 'PEERS')
    .replace(/^(history of \w+: ).*/, '$1WITNESSES')
    .replace(/"witnessed":\[.*?\]/, '"witnessed":WITNESSES');

type Hold = (printed: string, step: Step) => void;

/** All that is printed is what the document shows. */
const holdWhole: Hold = (printed, { shown }) => {
  if (shown.length === 0) return;
  assert.deepEqual(
    formsOf(printed, replaceWhatVaries),
    shown.flatMap((one) => formsOf(one, replaceWhatVaries)),
  );
};
/** Every line that the document shows is printed: it shows parts, and hospitals are not always in the same order. */
const holdParts: Hold = (printed, { shown }) => {
  const replace = (line: string) =>
    HOSPITALS.reduce((text, name) => text.replaceAll(name, 'HOSPITAL'), replaceWhatVaries(line)).replace(
      /\b(cleveland|budapest|switzerland|long-beach)\b/g,
      'hospital',
    );
  const found = new Set(formsOf(printed, replace));
  const missing = shown.flatMap((one) => formsOf(one, replace)).filter((form) => !found.has(form));
  assert.deepEqual(missing, [], printed);
};

interface Following {
  readonly document: string;
  /** The first words of commands, and how their output is held where it is not the whole of what is shown. */
  readonly holds?: Readonly<Record<string, Hold>>;
  /** The first words of commands that are not run, and why. */
  readonly notRun?: Readonly<Record<string, string>>;
  /** Lines of commands that are left out, and why. */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** Tests that run before commands with these first words. */
  readonly before?: Readonly<Record<string, () => void>>;
  /** Sees what is printed while commands run. */
  readonly progress?: (printed: string) => void;
  /** What was printed of commands, by their text. */
  readonly printed?: Map<string, string>;
}

const starting = <T>(table: Readonly<Record<string, T>> | undefined, { commands }: Step): T | undefined =>
  Object.entries(table ?? {}).find(([words]) => commands.startsWith(words))?.[1];

function follow(shell: () => PastingShell, { document, progress, printed, ...rest }: Following) {
  const { holds, notRun, before, leftOut = {} } = rest;
  let failed: string | undefined;
  for (const step of readSteps(join(repository, document))) {
    starting(before, step)?.();
    const title = `${document}:${step.line} (${step.section})`;
    const reason = starting(notRun, step);
    if (reason !== undefined) {
      it(title, { skip: `not run: ${reason}` });
      continue;
    }
    const lines = step.commands.split('\n');
    for (const line of lines.filter((one) => Object.hasOwn(leftOut, one))) {
      it(`${title}: ${line}`, { skip: `not run: ${leftOut[line]}` });
    }
    const commands = lines.filter((line) => !Object.hasOwn(leftOut, line)).join('\n');
    it(title, LONG, async () => {
      // It would wait for ever for what did not happen.
      if (/^until /m.test(commands)) assert.equal(failed, undefined, 'not run after this step, which failed');
      const failedBefore = failed;
      failed = title;
      let text = await shell().paste(commands, progress);
      // As the document says: by chance two hospitals can reject a candidate, and one runs it again.
      if (text.includes('✘ every round finalised')) text = await shell().paste(commands);
      printed?.set(step.commands, text);
      (starting(holds, step) ?? holdWhole)(text, step);
      failed = failedBefore;
    });
  }
}

interface DocumentedRequests {
  readonly document: string;
  /** What whoever reads it has: variables, and files. */
  readonly has: string;
  readonly holds: (printed: string) => void;
  readonly afterwards?: string;
}

const PATIENTS = Array.from({ length: 90 }, (_, at) => `p${at},${20 + at},${at % 2}`);
const WITH_IDS = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: ['?'],
  features: [{ name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 0, high: 120 } }],
  label: { column: 'ill', title: 'Ill', rule: { kind: 'binary' } },
  maxRowsPerPatient: 1,
};
const csvOf = (patients: readonly string[]) => ['id,age,ill', ...patients].join('\n');
const DATASET_WITH_IDS = `
FILE=$PWD/$HOSPITAL/data/with-ids.csv
echo '${csvOf(PATIENTS.slice(0, 60))}' > $FILE
echo '${JSON.stringify(WITH_IDS)}' |
  jq --arg path $FILE '{datasetId: "cleveland-heart", path: $path, dictionary: .}' > out/week/check-ids.json
send aldermoor steward /local/datasets out/week/check-ids.json > out/week/prepared-ids.json
jq -s '(.[0] | {datasetId, commitment, recordCountBand, newBlock}) + {title: "With ids", dictionary: .[1].dictionary,
  terms: {purposes: ["DUO:0000006"]}, privacyBudget: {epsilon: "4", delta: "0.00001", unit: "patient"},
  accounting: {kind: "gaussian"}}' out/week/prepared-ids.json out/week/check-ids.json > out/week/dataset-ids.json
send aldermoor steward /datasets out/week/dataset-ids.json | jq .commitment
echo '${csvOf(PATIENTS)}' > $FILE`;

/** Where documents that are no tutorials show requests: in the consortium of the first week, at its end. */
const DOCUMENTED_REQUESTS: readonly DocumentedRequests[] = [
  {
    document: 'gateway/README.md',
    has: 'AUDITOR=$(jq -r .gateway.auditor $HOSPITAL/keys.json)',
    holds: (printed) => {
      assert.match(printed, /"mspId":"AldermoorMSP"/);
      assert.match(printed, /"studyId":"heart-2026"/);
      assert.match(printed, /^event: StudyProposed$/m);
      assert.match(printed, /"fits":(true|false)/);
    },
  },
  {
    document: 'docs/operating/two-histories.md',
    has: `GENESIS=$(consilium-network status --dir .consortium | sed -n 's/^genesis block: //p')
send brightwater auditor '/ledger/witness-statement?block=12' > brook.ndjson`,
    holds: (printed) => assert.match(printed, /^THE SAME HISTORY: /m),
    afterwards: 'rm aldermoor.ndjson brook.ndjson',
  },
  {
    document: 'docs/operating/revise-a-dataset.md',
    has: DATASET_WITH_IDS,
    holds: (printed) => assert.match(printed, /"revision":2/),
    afterwards: 'rm prepared.json',
  },
  {
    document: 'docs/operating/leave-a-consortium.md',
    has: '',
    // Nobody came or left: no row has an old policy.
    holds: (printed) => assert.equal(printed, ''),
  },
  {
    document: 'docs/operating/rotate-an-encryption-key.md',
    has: 'export CONSILIUM_DATA_DIR=$HOSPITAL/trainer',
    holds: (printed) => assert.match(printed, /"keyNumber":2/),
    afterwards: 'unset CONSILIUM_DATA_DIR; KEY=$AUDITOR',
  },
];

/** Every block with a request, as it is pasted. */
function pasteRequests(shell: () => PastingShell, { document, has, holds, afterwards }: DocumentedRequests) {
  const blocks = readSteps(join(repository, document)).filter(({ commands }) => /\bcurl /.test(commands));
  assert.ok(blocks.length > 0, `${document} has no requests`);
  for (const { commands, line, section } of blocks) {
    it(`${document}:${line} (${section})`, LONG, async () => {
      await shell().paste(has);
      const printed = await shell().paste(commands);
      assert.doesNotMatch(printed, /urn:consilium:problem|curl: \((?!28\))/, printed);
      holds(printed);
      if (afterwards !== undefined) await shell().paste(afterwards);
    });
  }
}

const summary = () => JSON.parse(readFileSync(join(demo, 'summary.json'), 'utf8'));
const REVIEW = 'docs/tutorials/compliance-review.md';
const KEPT = 'make demo KEEP=1 DATA=network/studies/heart-disease/data';

describe('the first study and its review', { skip }, () => {
  let open: PastingShell | undefined;
  const shell = () => {
    open ??= new PastingShell(clone);
    return open;
  };
  after(() => open?.close());
  const printed = new Map<string, string>();
  const killed: string[] = [];

  follow(shell, {
    document: 'docs/tutorials/first-study.md',
    printed,
    // A trainer and the ledger are killed in it: nothing of what is shown changes.
    progress(text) {
      if (killed.length > 0 || !text.includes('round 1 of 6: opened')) return;
      const { services } = JSON.parse(readFileSync(join(demo, 'consortium/state.json'), 'utf8'));
      for (const { name, process: found } of services) {
        if (name !== 'trainer-budapest' && name !== 'test-network') continue;
        process.kill(found.pid, 'SIGKILL');
        killed.push(name);
      }
    },
    holds: {
      [KEPT]: holdParts,
      'export PATH': holdParts,
      'consilium-trainer predict': holdParts,
      'consilium-trainer evaluate': holdParts,
      // What it shows next is of files with problems, which own-files.test.ts has.
      'consilium-trainer dictionary init': () => {
        const draft = JSON.parse(readFileSync(join(clone, 'out/draft.json'), 'utf8'));
        assert.ok(draft.features.length > 8);
      },
    },
    notRun: { 'make down': 'the review goes on with this consortium, and ends with the same command' },
    leftOut: {
      'make demo DATA=out/own': 'it replaces the consortium; whole-consortium.test.ts runs it for one round',
    },
  });

  it('the demo held although a trainer and the ledger were killed in it', () => {
    assert.deepEqual(killed.sort(), ['test-network', 'trainer-budapest']);
    const { holds, hospitals, model, rounds, ledger, pooled } = summary();
    assert.equal(holds, true);
    assert.deepEqual([hospitals.length, model.identicalAt, rounds.length], [4, 4, 6]);
    assert.ok(ledger.updateRowBytes.largest < 4096);
    assert.ok(pooled.after.auc > pooled.before.auc);
  });
  it(`the demo ended with what ${REVIEW} shows of it`, () => {
    const [first] = readSteps(join(repository, REVIEW));
    assert.match(first!.commands, /^make demo KEEP=1 \S+ \| tail -9$/);
    const lines = printed.get(KEPT)!.trimEnd().split('\n').slice(-9).join('\n');
    holdWhole(lines, first!);
  });

  follow(shell, {
    document: REVIEW,
    holds: {
      // It may have rejected a candidate, by chance.
      'ask /questions/hospitals/ClevelandMSP/refusals': (text) =>
        assert.match(text, /“Cleveland Clinic Foundation” \(ClevelandMSP\) (declined|rejected)/),
    },
    notRun: { 'make demo KEEP=1': 'the consortium of the first study still runs, of the same command' },
  });
});

describe("a hospital's first week", { skip }, () => {
  let open: PastingShell | undefined;
  const shell = () => {
    open ??= new PastingShell(clone);
    return open;
  };
  after(() => open?.close());
  const statusOf = (name: string) =>
    consortiumStatus(consortium).processes.find((process) => process.name === name)!;
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };
  let last: ConsortiumStatus | undefined;

  const beforeTheEnd = () => {
    for (const requests of DOCUMENTED_REQUESTS) pasteRequests(shell, requests);
    const keysFile = join(consortium, 'aldermoor/keys.json');
    const answer = (base: string, path: string, key: string) =>
      fetch(`${base}${path}`, { headers: { authorization: `Bearer ${key}` } });
    it('its trainer answers its gateway, by role, and nobody who only has the key that both share', async () => {
      assert.equal(statSync(keysFile).mode & 0o777, 0o600);
      const { gateway, trainer } = JSON.parse(readFileSync(keysFile, 'utf8'));
      const url = statusOf('gateway-aldermoor').url!;
      const local = async (base: string, path: string, key: string) => {
        const found = await answer(base, path, key);
        return `${found.status} ${Object.keys((await found.json()) as object)[0]}`;
      };
      assert.equal(await local(url, '/v1/local/encryption-key', gateway.auditor), '200 encryptionPublicKey');
      const heldOut = '/local/datasets/none/held-out';
      assert.equal(await local(url, `/v1${heldOut}`, gateway.steward), '404 type');
      assert.equal(await local(url, `/v1${heldOut}`, gateway.auditor), '403 type');
      assert.equal(await local(statusOf('trainer-aldermoor').url!, heldOut, trainer), '401 type');
    });
    it("its history is witnessed by the others' gateways, without anybody's doing", async () => {
      const { gateway } = JSON.parse(readFileSync(keysFile, 'utf8'));
      const url = statusOf('gateway-aldermoor').url!;
      type Ledger = { readonly witnessed: readonly { mspId: string; block?: number }[] };
      const witnesses = async () => {
        const { witnessed } = (await (await answer(url, '/v1/ledger', gateway.auditor)).json()) as Ledger;
        return witnessed.filter(({ block }) => block !== undefined).map(({ mspId }) => mspId);
      };
      while ((await witnesses()).length < 3) await sleep(100);
      assert.deepEqual((await witnesses()).sort(), ['BrightwaterMSP', 'CinderhillMSP', 'DunmereMSP']);
      assert.match(await shell().paste('make status'), /history of aldermoor: .*BrightwaterMSP/);
    });
    it('a second up says that it runs, and what is killed is started again', async () => {
      assert.match(await shell().paste('make up'), /already running/);
      process.kill(statusOf('gateway-aldermoor').pid!, 'SIGKILL');
      const isBack = () => {
        const { restarts, state } = statusOf('gateway-aldermoor');
        return restarts === 1 && state === 'running';
      };
      while (!isBack()) await sleep(50);
      const { gateway } = JSON.parse(readFileSync(keysFile, 'utf8'));
      const members = await answer(statusOf('gateway-aldermoor').url!, '/v1/members', gateway.auditor);
      assert.equal(members.status, 200);
      const log = readFileSync(join(consortium, 'logs/supervisor.log'), 'utf8');
      assert.match(log, /gateway-aldermoor was ended by SIGKILL/);
    });
    it('what runs without its supervisor is called so, and can be stopped like the rest', async () => {
      last = consortiumStatus(consortium);
      const pid = statusOf('supervisor').pid!;
      process.kill(pid, 'SIGKILL');
      while (alive(pid)) await sleep(20);
      assert.equal(consortiumStatus(consortium).state, 'orphaned');
    });
  };

  follow(shell, {
    document: 'docs/tutorials/first-week.md',
    before: { 'make down': beforeTheEnd },
    holds: {
      // Which stages somebody sees who asks once a second depends on the machine.
      "echo '{}' > out/week/empty.json": (text, { shown }) => {
        const [first, ...jobs] = text.trim().split('\n');
        assert.equal(first, shown[0]!.split('\n')[0]);
        for (const job of jobs)
          assert.match(job, /^\{"round":(\d|null),"stage":"[^"]+","step":(\d+|null)\}$/);
      },
    },
  });

  it('after its end nothing runs, and a second down says so', async () => {
    for (const { pid } of last!.processes) assert.ok(!alive(pid!));
    assert.match(await shell().paste('consilium-network status; echo "status $?"'), /^status 3$/m);
    assert.match(await shell().paste('make down'), /Nothing was running/);
  });
});
