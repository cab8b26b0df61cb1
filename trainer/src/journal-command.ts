// `consilium-trainer copy-journal` and `take-study-keys`: what a backup of an organisation asks of its trainer. Keys go
// through pipes alone.
import { readFileSync } from 'node:fs';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  processTerminal,
  readArguments,
  refuseMore,
  type Terminal,
  UsageError,
} from '@consilium/command-line';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { TrainerError } from './errors.ts';
import { CopiedJournal, hasJournal } from './journal/copied-journal.ts';

const HELP = `consilium-trainer copy-journal, take-study-keys: for backups, while the trainer is stopped

  consilium-trainer copy-journal FILE    the journal of CONSILIUM_DATA_DIR to FILE, without the private keys for
                                         studies, which are written to standard output as JSON
  consilium-trainer take-study-keys      puts such keys, read from standard input, into that journal

  --help   this text

\`make hospital-backup\` and \`make hospital-restore\` call them, and keep the keys under your passphrase.
`;

const MAX_BYTES = 64 * 1024 * 1024;
const StudyKeys = Type.Array(
  Type.Object(
    {
      studyId: Type.String({ minLength: 1 }),
      datasetId: Type.String({ minLength: 1 }),
      publicKey: Type.String({ minLength: 1 }),
      privateKey: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
      isRecorded: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
);

/** Runs either command. @returns the exit status */
export function journalCommand(
  name: 'copy-journal' | 'take-study-keys',
  argv: readonly string[],
  terminal: Pick<Terminal, 'out'> = processTerminal,
): number {
  const { values, positionals } = readArguments(argv, COMMON_OPTIONS);
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const directory = process.env.CONSILIUM_DATA_DIR;
  if (directory === undefined || directory === '') throw new UsageError('CONSILIUM_DATA_DIR is not set');
  if (!hasJournal(directory)) throw new InputError(`${directory} has no journal: no trainer ran there`);
  const [file, ...more] = positionals;
  refuseMore(name === 'copy-journal' ? more : positionals);
  if (name === 'copy-journal' && file === undefined) throw new UsageError('name the file of the copy');
  process.umask(0o077);
  try {
    using journal = new CopiedJournal(directory);
    terminal.out(
      `${JSON.stringify(file === undefined ? { taken: journal.take(given()) } : journal.copyTo(file))}\n`,
    );
    return EXIT.done;
  } catch (cause) {
    if (!(cause instanceof TrainerError)) throw cause;
    throw new InputError(`the journal: ${cause.message}`, { cause });
  }
}

function given(): Static<typeof StudyKeys> {
  const bytes = readFileSync(0);
  let value: unknown;
  try {
    value = bytes.length > MAX_BYTES ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    // Its text would be in the error's message.
  }
  if (!Check(StudyKeys, value)) throw new InputError('standard input holds no keys for studies');
  return value;
}
