// The passphrase of a backup: from a file of the user's own, or asked for at a terminal. Never from the command line or
// the environment, which others of the machine, and logs, can see.
import { lstatSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { InputError } from '@consilium/command-line';

/** Whoever has a backup can try passphrases at leisure. */
export const LEAST_CHARACTERS = 16;
const MOST_BYTES = 4096;

/** @param isNew whether it is chosen now: then it has to be long, and is asked for twice */
export interface PassphraseWanted {
  readonly file: string | undefined;
  readonly isNew: boolean;
}

/** @throws InputError where there is none, it is too short, or others can read its file */
export async function readPassphrase({ file, isNew }: PassphraseWanted): Promise<string> {
  const passphrase = file === undefined ? await asked(isNew) : fromFile(file);
  if (passphrase === '') throw new InputError('the passphrase is empty');
  if (isNew && passphrase.length < LEAST_CHARACTERS) {
    throw new InputError(
      `the passphrase has ${passphrase.length} characters: choose at least ${LEAST_CHARACTERS}, ` +
        'such as six words at random',
    );
  }
  return passphrase;
}

function fromFile(file: string): string {
  let text: string;
  try {
    const { mode, size } = lstatSync(file);
    if ((mode & 0o077) !== 0) throw new InputError(`${file} can be read by others: chmod 600 it`);
    if (size > MOST_BYTES) throw new InputError(`${file} is too large to be a passphrase`);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`the file of the passphrase cannot be read: ${(cause as Error).message}`, { cause });
  }
  const [line = '', ...more] = text.split('\n');
  if (more.some((one) => one !== '')) throw new InputError(`${file} has several lines: a passphrase is one`);
  return line.replace(/\r$/, '');
}

async function asked(isNew: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new InputError(
      'there is no terminal to ask at: name a file with the passphrase (PASSPHRASE_FILE=)',
    );
  }
  const first = await ask('Passphrase: ');
  if (isNew && (await ask('The same again: ')) !== first) throw new InputError('the two are not the same');
  return first;
}

/** What is typed is not shown. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new InputError('no passphrase was given')));
      lines.once('close', () => reject(new InputError('no passphrase was given')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
