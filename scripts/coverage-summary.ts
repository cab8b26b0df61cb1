// Says in a table what an lcov file holds: how many functions and branches of each folder tests run, and which files
// have the most that none runs. Lines are left out: Node counts comments and types among them.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

export interface Coverage {
  readonly file: string;
  readonly functions: Share;
  readonly branches: Share;
}

interface Share {
  readonly run: number;
  readonly all: number;
}

const LEAST_COVERED = 10;

/** The records of an lcov file, by source file. */
export function readLcov(text: string): Coverage[] {
  return text
    .split('end_of_record')
    .filter((record) => record.includes('SF:'))
    .map((record) => {
      const count = (key: string) => Number(new RegExp(`^${key}:(\\d+)$`, 'm').exec(record)?.[1] ?? 0);
      return {
        file: /^SF:(.+)$/m.exec(record)![1]!,
        functions: { run: count('FNH'), all: count('FNF') },
        branches: { run: count('BRH'), all: count('BRF') },
      };
    });
}

const sum = (shares: readonly Share[]): Share => ({
  run: shares.reduce((total, { run }) => total + run, 0),
  all: shares.reduce((total, { all }) => total + all, 0),
});

const percent = ({ run, all }: Share): string =>
  (all === 0 ? '–' : (Math.floor((1000 * run) / all) / 10).toFixed(1)).padStart(9);

/** @param within folder whose files are counted; all where it is empty */
export function summaryOf(records: readonly Coverage[], within: string): string {
  const own = records.filter(({ file }) => within === '' || file.startsWith(`${within}/`));
  const folders = Map.groupBy(own, ({ file }) => posix.dirname(file));
  const width = Math.max('together'.length, ...[...folders.keys()].map((folder) => folder.length));
  const row = (name: string, files: readonly Coverage[]) =>
    `${name.padEnd(width)} ${String(files.length).padStart(6)} ` +
    `${percent(sum(files.map(({ functions }) => functions)))} ${percent(sum(files.map(({ branches }) => branches)))}`;
  const missed = ({ branches: { run, all } }: Coverage) => all - run;
  const least = own.filter((one) => missed(one) > 0).sort((a, b) => missed(b) - missed(a));
  return [
    `${'folder'.padEnd(width)}  files functions  branches  (% that tests run)`,
    ...[...folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([folder, files]) => row(folder, files)),
    row('together', own),
    '',
    'Most branches that no test runs:',
    ...least.slice(0, LEAST_COVERED).map((one) => `${String(missed(one)).padStart(5)}  ${one.file}`),
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const [file = '', within = ''] = process.argv.slice(2);
  process.stdout.write(`\n${summaryOf(readLcov(readFileSync(file, 'utf8')), within)}`);
}
