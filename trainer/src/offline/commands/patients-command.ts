// `consilium-trainer patients`: what a hospital does for its own patients, through its gateway, whose trainer has the
// register of them.
import { readFile } from 'node:fs/promises';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  readArguments,
  refuseMore,
  required,
  type Terminal,
} from '@consilium/command-line';
import { API_PREFIX, LOCAL_ROUTES, type LocalRoute, localTarget } from '@consilium/domain';
import type { PatientHistory } from '../../people/patient-history.ts';
import type { WithdrawalAnswer } from '../../people/withdraw-patients.ts';
import { reasonOf } from './input-file.ts';

const HELP = `consilium-trainer patients: what a hospital does for its own patients

  consilium-trainer patients withdraw --population ID FILE       leave these patients out of every draw from now on
  consilium-trainer patients withdraw --population ID --id ID    one patient
  consilium-trainer patients history --population ID --id ID     what a patient's records were offered to

  --population ID   the population; a dataset that was registered without one has its own id here
  --id ID           a patient's id, as the file has it. Other users of this machine may see it: prefer FILE
  FILE              ids of patients, one a line, in UTF-8
  --json            one JSON document on standard output instead of text
  --help            this text

Environment:
  CONSILIUM_GATEWAY_URL   URL of this hospital's gateway
  CONSILIUM_STEWARD_KEY   API key at the gateway, with the role steward

The trainer must run. Ids go to this hospital's own gateway and trainer and no further. A withdrawal cannot be taken
back.
Exit status: 0 done, 1 failed, 2 wrong usage, or ids that no block of patients has (they are kept all the same).
`;

const OPTIONS = {
  population: { type: 'string' },
  id: { type: 'string' },
  ...COMMON_OPTIONS,
} as const;

export async function patientsCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, OPTIONS);
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [verb, ...rest] = positionals;
  if (verb !== 'withdraw' && verb !== 'history') {
    throw new InputError({ field: 'patients', text: ': say withdraw or history' });
  }
  const populationId = required(values.population, 'population');
  if (verb === 'history') {
    refuseMore(rest);
    const patient = required(values.id, 'id');
    const history = await ask<PatientHistory>(LOCAL_ROUTES.getPatientHistory, { populationId }, { patient });
    terminal.out(values.json ? `${JSON.stringify(history)}\n` : textOf(history));
    return EXIT.done;
  }
  const [file, ...more] = rest;
  refuseMore(more);
  if ((file === undefined) === (values.id === undefined)) {
    throw new InputError({ field: 'patients withdraw', text: ': give a FILE of ids, or --id' });
  }
  const patients = file === undefined ? [values.id!] : await idsOf(file);
  const answer = await ask<WithdrawalAnswer>(LOCAL_ROUTES.withdrawPatients, { populationId }, { patients });
  const { unknown, notes } = answer;
  if (values.json) terminal.out(`${JSON.stringify(answer)}\n`);
  else {
    for (const id of unknown) terminal.error(`no block of patients has ${JSON.stringify(id)}\n`);
    terminal.out(`${notes.join('\n')}\n`);
  }
  return unknown.length === 0 ? EXIT.done : EXIT.unusable;
}

async function idsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new InputError({ field: file, text: `cannot be read: ${reasonOf(cause)}` }, { cause });
  });
  const ids = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (ids.length === 0) throw new InputError({ field: file, text: 'has no ids: write one a line' });
  return ids;
}

function textOf({ block, pool, studies }: PatientHistory): string {
  if (block === null) return 'No block of patients has this id: its records were offered to no study.\n';
  const lines = studies.map(
    ({ studyId, datasetId, revision, rounds, model }) =>
      `${studyId}: ${datasetId}, revision ${revision}, rounds ${rounds.map(({ round }) => round).join(', ')}; ` +
      (model === null ? 'no published model came of them' : `the model published after round ${model}`),
  );
  const side = pool === 'training' ? 'trained on' : 'held out: scored, never trained on';
  return `Block ${block}, ${side}.\n${lines.length === 0 ? 'Offered to no study yet.' : lines.join('\n')}\n`;
}

const VARIABLES = {
  CONSILIUM_GATEWAY_URL: "this hospital's gateway, such as http://127.0.0.1:8080",
  CONSILIUM_STEWARD_KEY: 'an API key at the gateway with the role steward',
} as const;

function variable(name: keyof typeof VARIABLES): string {
  const value = process.env[name];
  if (value) return value;
  throw new InputError({ field: name, text: `is not set: give ${VARIABLES[name]}` });
}

async function ask<T>(route: LocalRoute, params: object, body: object): Promise<T> {
  const url = variable('CONSILIUM_GATEWAY_URL').replace(/\/+$/, '');
  const key = variable('CONSILIUM_STEWARD_KEY');
  let response: Response;
  try {
    response = await fetch(`${url}${API_PREFIX}${localTarget(route, { params, query: {} })}`, {
      method: route.method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new InputError({ field: 'CONSILIUM_GATEWAY_URL', text: `${url} does not answer` }, { cause });
  }
  const answer = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  if (response.ok) return answer as T;
  const { code = `HTTP ${response.status}`, detail = 'the gateway gave no reason' } = answer;
  throw new InputError({ field: code, text: `: ${detail}` });
}
