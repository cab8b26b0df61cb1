// What the trainer's own `check` says of a hospital's file and of a graph of one's own.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, type Problem } from '@consilium/command-line';
import type { RecordCountBand } from '@consilium/domain';
import { stringify } from 'yaml';
import { inherited, NODE, program } from '../src/programs.ts';

interface Answer {
  readonly ok: boolean;
  readonly recordCountBand: RecordCountBand | null;
  readonly problems: readonly {
    readonly code: string;
    readonly remedy: string;
    readonly line?: number;
    readonly column?: string;
    readonly count?: number;
  }[];
  readonly model?: { readonly parameters: number };
}

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function runCheck(parameters: readonly string[]): Promise<Ended> {
  const [node, ...flags] = NODE;
  const all = [...flags, program('trainer'), 'check', '--json', ...parameters];
  return new Promise((resolve) => {
    execFile(node, all, { env: inherited(), maxBuffer: 2 ** 24 }, (error, out, err) => {
      resolve({ status: error === null ? EXIT.done : Number(error.code), out, err });
    });
  });
}

/** The lines of an error, without the command's name and its advice. */
const linesOf = ({ err }: Ended): string[] =>
  err
    .split('\n')
    .map((line) => /^consilium-trainer check: (.+)$/.exec(line)?.[1])
    .filter((line) => line !== undefined);

/** A file by its dictionary: its band, or what is wrong with it. */
export async function checkFile(
  file: string,
  dictionary: string,
): Promise<{ readonly band?: RecordCountBand; readonly problems: readonly Problem[] }> {
  const ended = await runCheck(['--file', file, '--dictionary', dictionary]);
  if (ended.out === '') return { problems: linesOf(ended).map((text) => ({ field: '', text: `: ${text}` })) };
  const { recordCountBand, problems } = JSON.parse(ended.out) as Answer;
  if (recordCountBand !== null) return { band: recordCountBand, problems: [] };
  return {
    problems: problems.map(({ code, remedy, line, column = '', count }) => ({
      field: column,
      text: `: ${code}${count === undefined || count === 1 ? '' : `, ${count} times`}`,
      remedy,
      ...(line !== undefined && { line }),
    })),
  };
}

/** A graph by the dictionary: how many parameters it has, and the bytes that are trained. */
export async function checkGraph(
  graph: string,
  about: { readonly data: string; readonly dictionary: string; readonly localParameters: readonly string[] },
): Promise<
  | { readonly problems: readonly Problem[]; readonly parameters?: undefined }
  | { readonly problems: readonly []; readonly parameters: number; readonly graph: Uint8Array }
> {
  const { data, dictionary, localParameters } = about;
  const folder = mkdtempSync(join(tmpdir(), 'consilium-own-graph-'));
  try {
    const study = join(folder, 'study.yaml');
    const out = join(folder, 'graph.onnx');
    const plan = { rounds: 1, stepsPerRound: 1, samplingRate: 1, clipNormL2: 1, learningRate: 1 };
    writeFileSync(
      study,
      stringify({
        model: { kind: 'onnx', path: graph },
        ...plan,
        noiseMultiplier: 1,
        delta: 1e-9,
        localParameters,
      }),
    );
    const files = ['--file', data, '--dictionary', dictionary];
    const ended = await runCheck([...files, '--study', study, '--graph-out', out]);
    const model = ended.out === '' ? undefined : (JSON.parse(ended.out) as Answer).model;
    if (model !== undefined) return { problems: [], parameters: model.parameters, graph: readFileSync(out) };
    const lines = linesOf(ended);
    const said = lines.length > 0 ? lines : [`check ended with ${ended.status}`];
    return { problems: said.map((text) => ({ field: '', text: `: ${text}` })) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
