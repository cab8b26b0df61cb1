// A folder of one's own: one CSV file per hospital, named after it, with dictionary.json and study.json beside them.
// Whatever is wrong with any of them is said at once, by file, field and remedy, before anything starts. The values
// themselves are judged by the trainer's `check`, as a hospital would have it.
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { ConfigError, type Problem } from '@consilium/command-line';
import { type Dataset, Dictionary, dictionaryProblems, validate } from '@consilium/domain';
import { csvLine } from './csv-text.ts';
import type { DataSource, DemoHospital } from './data-files.ts';
import { checkFile, checkGraph } from './own-checks.ts';
import { nameHospitals, type OwnHospital } from './own-hospitals.ts';
import { inputsOf, type OwnModel, planProblems, problemsIn, readOwnStudy } from './own-study.ts';
import { columnsOf, readOwnTable } from './own-table.ts';
import { type FileDictionary, type OwnGraph, PATIENT_COLUMN, type StudyPlan } from './study-plan.ts';

const DICTIONARY = 'dictionary.json';
const STUDY = 'study.json';
const IS_CSV = /[.]csv$/i;

/** Whether a folder is meant as one's own, not as that of the four UCI files. */
export function isOwnFolder(directory: string): boolean {
  const entries = statSync(directory, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(directory) : [];
  return entries.some((name) => name === DICTIONARY || name === STUDY || IS_CSV.test(name));
}

export interface OwnFiles {
  readonly source: DataSource;
  readonly plan: StudyPlan;
}

interface OwnFilesOptions {
  /** Where the columns that the dictionary names are copied to. */
  readonly outDirectory: string;
  readonly rounds: number | undefined;
}

/**
 * The hospitals and the study of a folder.
 *
 * @throws ConfigError with every problem: of files, their names, the dictionary, the study and the values
 */
export async function ownFiles(directory: string, options: OwnFilesOptions): Promise<OwnFiles> {
  const folder = resolve(directory);
  const problems: Problem[] = [];
  const files = readdirSync(folder)
    .filter((name) => IS_CSV.test(name))
    .sort();
  const { hospitals, problems: misnamed } = nameHospitals(files);
  problems.push(...misnamed, ...files.flatMap((name) => placeProblems(folder, name)));
  const dictionary = readOwnDictionary(folder, problems);
  const read = readStudyFile(folder, { hospitals: hospitals.length, dictionary, problems });
  const tables = dictionary && (await readTables(folder, { hospitals, dictionary, problems }));
  if (dictionary === undefined || read === undefined || tables === undefined) {
    throw new ConfigError(folder, problems);
  }
  const rounds = options.rounds ?? read.plan.study.rounds;
  const plan: StudyPlan = { ...read.plan, study: { ...read.plan.study, rounds } };
  const first = join(folder, hospitals[0]?.file ?? '');
  const model = await modelOf(folder, { model: read.model, dictionary, first, problems });
  const { bands, tablesOf } = tables;
  if (model !== undefined) {
    const { inputs, parameters, localParameters } = model;
    const about = { dictionary, hospitals, bands, model: { inputs, parameters, localParameters } };
    problems.push(...named(STUDY, planProblems(plan, about)));
  }
  if (problems.length > 0 || model === undefined) throw new ConfigError(folder, problems);
  const own = writeTables(tablesOf, { dictionary, hospitals, folder, ...options });
  const built = model.graph ?? { localIntercept: false, ...read.model };
  return { source: own, plan: { ...plan, model: built } };
}

const named = (file: string, problems: readonly Problem[]): Problem[] =>
  problems.map((one) => ({ ...one, field: one.field === '' ? file : `${file}: ${one.field}` }));

/** Why a file of the folder is not to be read. */
function placeProblems(folder: string, name: string): Problem[] {
  const file = join(folder, name);
  try {
    if (!realpathSync(file).startsWith(realpathSync(folder) + sep)) {
      return [{ field: name, text: 'leads out of the folder', remedy: 'put the file itself there' }];
    }
    if (statSync(file).isFile()) return [];
    return [{ field: name, text: 'is not a file', remedy: 'put a file there, or rename it' }];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [{ field: name, text: `cannot be read (${code})`, remedy: 'put the file there' }];
  }
}

/** What a JSON file of the folder holds; undefined where it is not there or is not JSON. */
function readJson(
  folder: string,
  { name, remedy, problems }: { readonly name: string; readonly remedy: string; problems: Problem[] },
): { readonly value: unknown } | undefined {
  if (!readdirSync(folder).includes(name)) {
    problems.push({ field: name, text: 'is not there', remedy });
    return undefined;
  }
  const wrong = placeProblems(folder, name);
  problems.push(...wrong);
  if (wrong.length > 0) return undefined;
  try {
    return { value: JSON.parse(readFileSync(join(folder, name), 'utf8')) };
  } catch (error) {
    const [, line] = /line (\d+)/.exec((error as Error).message) ?? [];
    problems.push({
      ...{ field: name, text: 'is not JSON', remedy: 'correct it' },
      ...(line !== undefined && { line: Number(line) }),
    });
    return undefined;
  }
}

/** Where a draft still has what nobody has filled in. */
function* openPlaces(value: unknown, at = ''): Generator<string> {
  if (typeof value === 'string' && value.startsWith('TODO')) yield at;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* openPlaces(member, at ? `${at}.${key}` : key);
}

function readOwnDictionary(folder: string, problems: Problem[]): Dictionary | undefined {
  const remedy = 'draft it with `consilium-trainer dictionary init`, and fill it in';
  const read = readJson(folder, { name: DICTIONARY, remedy, problems });
  if (read === undefined) return undefined;
  const open = [...openPlaces(read.value)];
  const found: Problem[] = open.map((field) => ({ field, text: 'still says TODO', remedy: 'fill it in' }));
  const shape = problemsIn(() => validate(Dictionary, read.value));
  found.push(...shape.filter(({ field }) => !open.includes(field)));
  if (found.length === 0) {
    const dictionary = read.value as Dictionary;
    found.push(...dictionaryProblems(dictionary));
    const { kind } = dictionary.label.rule;
    if (kind !== 'binary' && kind !== 'greater-than') {
      found.push({
        field: 'label.rule',
        text: `is ${kind}, and the demo's table of predictions is of answers yes or no`,
        remedy: 'make it binary or greater-than; `consilium-trainer simulate` takes every label',
      });
    }
  }
  problems.push(...named(DICTIONARY, found));
  return found.length > 0 ? undefined : (read.value as Dictionary);
}

function readStudyFile(
  folder: string,
  about: { readonly hospitals: number; readonly dictionary: Dictionary | undefined; problems: Problem[] },
): { readonly plan: StudyPlan; readonly model: OwnModel } | undefined {
  const { hospitals, dictionary, problems } = about;
  const remedy = 'write {"study": {"question": "…", "purpose": "DUO:0000006"}}';
  const read = readJson(folder, { name: STUDY, remedy, problems });
  if (read === undefined) return undefined;
  const title = dictionary?.label.title ?? '';
  const study = readOwnStudy(read.value, { hospitals, title });
  if ('plan' in study) return study;
  problems.push(...named(STUDY, study.problems));
  return undefined;
}

interface Tables {
  readonly tablesOf: ReadonlyMap<OwnHospital, readonly (readonly string[])[]>;
  readonly bands: readonly Dataset['recordCountBand'][];
}

async function readTables(
  folder: string,
  about: { readonly hospitals: readonly OwnHospital[]; readonly dictionary: Dictionary; problems: Problem[] },
): Promise<Tables> {
  const { hospitals, dictionary, problems } = about;
  const tablesOf = new Map<OwnHospital, readonly (readonly string[])[]>();
  const bands: Dataset['recordCountBand'][] = [];
  for (const hospital of hospitals) {
    if (placeProblems(folder, hospital.file).length > 0) continue;
    const path = join(folder, hospital.file);
    const { rows, problems: odd } = readOwnTable(readFileSync(path), dictionary);
    problems.push(...named(hospital.file, odd));
    if (odd.length > 0) continue;
    const checked = await checkFile(path, join(folder, DICTIONARY));
    problems.push(...named(hospital.file, checked.problems));
    if (checked.band === undefined) continue;
    bands.push(checked.band);
    tablesOf.set(hospital, rows);
  }
  return { tablesOf, bands };
}

interface ReadModel {
  readonly inputs: number;
  readonly parameters: number;
  readonly localParameters: string[];
  readonly graph?: OwnGraph;
}

async function modelOf(
  folder: string,
  about: {
    readonly model: OwnModel;
    readonly dictionary: Dictionary;
    readonly first: string;
    problems: Problem[];
  },
): Promise<ReadModel | undefined> {
  const { model, dictionary, first, problems } = about;
  const inputs = inputsOf(dictionary);
  if (model.kind !== 'onnx') {
    const codes = dictionary.features.filter(({ kind }) => kind === 'code').map(({ name }) => name);
    if (codes.length === 0) return { inputs, parameters: 1, localParameters: [] };
    problems.push({
      field: `${STUDY}: model.kind`,
      text: `does not read codes, which ${codes.join(', ')} are`,
      remedy: 'make them categorical, or give an ONNX graph that embeds them',
    });
    return undefined;
  }
  const { path, localParameters = [] } = model;
  const at = `${STUDY}: model.path`;
  const wrong = placeProblems(folder, path);
  problems.push(...wrong.map((one) => ({ ...one, field: `${at} ${one.field}` })));
  if (wrong.length > 0 || problems.length > 0) return undefined;
  const file = join(folder, path);
  const checked = await checkGraph(file, {
    data: first,
    dictionary: join(folder, DICTIONARY),
    localParameters,
  });
  problems.push(...checked.problems.map((one) => ({ ...one, field: `${at} ${path}` })));
  if (checked.parameters === undefined) return undefined;
  const { parameters, graph: bytes } = checked;
  const words = { inputs, parameters, localParameters: [...localParameters] };
  return { ...words, graph: { kind: 'onnx', bytes, ...words } };
}

/** The columns that the dictionary names, as files without a header whose first column is the patients' ids. */
function writeTables(
  tablesOf: Tables['tablesOf'],
  about: {
    readonly dictionary: Dictionary;
    readonly hospitals: readonly OwnHospital[];
    readonly folder: string;
    readonly outDirectory: string;
  },
): DataSource {
  const { dictionary, folder, outDirectory } = about;
  const directory = join(outDirectory, 'own');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const used = columnsOf(dictionary);
  const hasIds = dictionary.patientId !== null;
  let id = dictionary.patientId ?? PATIENT_COLUMN;
  while (!hasIds && used.includes(id)) id = `${id}_id`;
  const hospitals = [...tablesOf].map(([{ file: source, ...hospital }, rows]): DemoHospital => {
    const file = join(directory, `${hospital.name}.csv`);
    writeFileSync(file, rows.map(csvLine).join(''), { mode: 0o600 });
    return { ...hospital, file, hasIds, own: source };
  });
  const columns = hasIds ? used : [id, ...used];
  const ofExports: FileDictionary = { ...dictionary, header: false, columns, patientId: id };
  const shown = relative(process.cwd(), folder) || basename(folder);
  return { kind: 'own-files', directory, dictionary: ofExports, hospitals, folder: shown };
}
