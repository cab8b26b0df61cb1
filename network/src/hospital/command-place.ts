// What each command of one organisation is given, and how it answers: for people, or as JSON for programs.
import { COMMON_OPTIONS, type readArguments } from '@consilium/command-line';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';

export const OPTIONS = {
  hospital: { type: 'string' },
  service: { type: 'string' },
  what: { type: 'string' },
  metrics: { type: 'string' },
  person: { type: 'string' },
  role: { type: 'string' },
  here: { type: 'boolean', default: false },
  request: { type: 'string' },
  reason: { type: 'string' },
  out: { type: 'string' },
  user: { type: 'string' },
  confirm: { type: 'string' },
  to: { type: 'string' },
  from: { type: 'string' },
  'study-keys': { type: 'string' },
  'passphrase-file': { type: 'string' },
  certificate: { type: 'string' },
  identity: { type: 'string' },
  foreground: { type: 'boolean', default: false },
  ...COMMON_OPTIONS,
} as const;
export type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

export const print = (line: string) => process.stdout.write(`${line}\n`);
export const note = (line: string) => process.stderr.write(`${line}\n`);

export interface Place {
  readonly values: Values;
  readonly path: string;
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
}

/** For people, and beside every answer for programs. */
export const heading = ({ consortium, own, digest }: Hospital): string =>
  `${own.title} (${own.mspId}) in ${consortium.name}\nconsortium.yaml ${digest}`;

export function answer({ values, hospital }: Place, content: object, lines: readonly string[]): void {
  const { digest, own } = hospital;
  if (values.json) print(JSON.stringify({ consortiumSha256: digest, mspId: own.mspId, ...content }));
  else for (const line of [heading(hospital), ...lines]) print(line);
}
