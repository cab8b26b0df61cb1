// How long a hospital's file takes to be checked and to be prepared (checked and committed to), and how much memory,
// beside pandas' reading of the same file: JSON lines, one per format, size and step. Each runs in a process of its own.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { Dictionary, Feature } from '@consilium/domain';
import { readDataset } from '../src/data/index.ts';

const HELP = `usage: node trainer/dist/bench/read-data.js [--rows 100000,1000000] [--python python3] [--file FILE]...
Reads generated files of 50 columns and prints JSON lines.
  --rows     how many rows (default 100000 and 1000000)
  --python   a Python with pandas and pyarrow: writes the Parquet file, and is measured beside; without it these are
             reported as not run
  --file     a file that is there already, of the same columns and the rows of --rows, in place of generated ones
A band ends at 999,999 patients, so files of more have ten rows of each.`;
const NUMBERS = Array.from({ length: 40 }, (_, i) => `n${i}`);
const BINARY = Array.from({ length: 5 }, (_, i) => `b${i}`);
const CODES = Array.from({ length: 3 }, (_, i) => `c${i}`);
const STEPS = ['check', 'prepare'] as const;
type Step = (typeof STEPS)[number];

const FEATURES: Dictionary['features'] = [
  ...NUMBERS.map((name): Feature => ({ name, kind: 'numeric', unit: '1', bounds: { low: -100, high: 200 } })),
  ...BINARY.map((name): Feature => ({ name, kind: 'binary' })),
  ...CODES.map((name): Feature => ({ name, kind: 'categorical', categories: ['1', '2', '3', '4'] })),
];
const dictionary: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: [],
  features: FEATURES,
  label: { column: 'y', title: 'y', rule: { kind: 'binary' } },
  maxRowsPerPatient: 16,
};

/** The same numbers every time. */
function randomNumbers(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function writeCsv(path: string, rows: number): Promise<void> {
  const next = randomNumbers();
  const out = createWriteStream(path);
  out.write(`${['id', ...NUMBERS, ...BINARY, ...CODES, 'y'].join(',')}\n`);
  const perPatient = rows > 900_000 ? 10 : 1;
  for (let row = 0; row < rows; ) {
    let text = '';
    for (const end = Math.min(rows, row + 1000); row < end; row++) {
      text += `p${Math.floor(row / perPatient)}`;
      for (let i = 0; i < NUMBERS.length; i++) text += `,${(next() * 100).toFixed(2)}`;
      for (let i = 0; i < BINARY.length; i++) text += next() < 0.5 ? ',0' : ',1';
      for (let i = 0; i < CODES.length; i++) text += `,${1 + Math.floor(next() * 4)}`;
      text += next() < 0.5 ? ',0\n' : ',1\n';
    }
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

const CONVERT = `
import sys, pyarrow.csv as c, pyarrow.parquet as p
reader = c.open_csv(sys.argv[1])
with p.ParquetWriter(sys.argv[2], reader.schema) as out:
    for batch in reader: out.write_batch(batch)
`;
const PANDAS = `
import sys, time, json, resource, pandas
start, used = time.perf_counter(), time.process_time()
(pandas.read_csv if sys.argv[1].endswith('csv') else pandas.read_parquet)(sys.argv[1])
print(json.dumps({'seconds': time.perf_counter() - start, 'processorSeconds': time.process_time() - used,
  'peakMib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
`;

interface Measured {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakMib: number;
}

function python(command: string | undefined, code: string, ...args: string[]): string | undefined {
  if (command === undefined) return undefined;
  try {
    return execFileSync(command, ['-c', code, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}

const measure = (step: Step, path: string): Measured =>
  JSON.parse(
    execFileSync(process.execPath, [process.argv[1]!, '--step', step, '--file', path], { encoding: 'utf8' }),
  );

/** What a process of its own does. */
async function readOnce(step: Step, path: string): Promise<void> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const salt = step === 'prepare' ? new Uint8Array(32) : undefined;
  await readDataset({ path, dictionary, salt });
  const { user, system } = process.cpuUsage(before);
  const measured: Measured = {
    seconds: (performance.now() - start) / 1000,
    processorSeconds: (user + system) / 1e6,
    peakMib: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(measured));
}

const digits = (value: number): number => Number(value.toPrecision(3));

function report(about: {
  readonly path: string;
  readonly rows: number;
  readonly command: string | undefined;
}): void {
  const { path, rows, command } = about;
  const format = path.endsWith('.csv') ? 'csv' : 'parquet';
  const printed = python(command, PANDAS, path);
  const pandas = printed === undefined ? undefined : (JSON.parse(printed) as Measured);
  for (const step of STEPS) {
    const own = measure(step, path);
    const line = {
      bench: 'read-data',
      step,
      format,
      rows,
      columns: 50,
      seconds: digits(own.seconds),
      processorSeconds: digits(own.processorSeconds),
      peakMib: Math.round(own.peakMib),
      pandasSeconds: pandas === undefined ? 'not run' : digits(pandas.seconds),
      pandasProcessorSeconds: pandas === undefined ? 'not run' : digits(pandas.processorSeconds),
      pandasPeakMib: pandas === undefined ? 'not run' : Math.round(pandas.peakMib),
      timesPandas: pandas === undefined ? 'not run' : digits(own.seconds / pandas.seconds),
    };
    console.log(JSON.stringify(line));
  }
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000,1000000' },
    python: { type: 'string', default: 'python3' },
    file: { type: 'string', multiple: true, default: [] },
    step: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const step = STEPS.find((known) => known === values.step);
const sizes = values.rows.split(',').map(Number);
if (values.help || sizes.some((rows) => !Number.isSafeInteger(rows) || rows < 10)) {
  console.error(HELP);
  process.exitCode = values.help ? 0 : 2;
} else if (step !== undefined) {
  await readOnce(step, values.file[0]!);
} else if (values.file.length > 0) {
  for (const path of values.file) report({ path, rows: sizes[0]!, command: values.python });
} else {
  for (const rows of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-bench-'));
    try {
      const [csv, parquet] = [join(folder, 'data.csv'), join(folder, 'data.parquet')];
      await writeCsv(csv, rows);
      report({ path: csv, rows, command: values.python });
      if (python(values.python, CONVERT, csv, parquet) === undefined) {
        console.log(
          JSON.stringify({ bench: 'read-data', format: 'parquet', rows, result: 'not run: no pyarrow' }),
        );
      } else report({ path: parquet, rows, command: values.python });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
