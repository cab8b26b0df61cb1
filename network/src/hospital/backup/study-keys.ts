// The trainer's journal without its private keys for studies, and those keys: they go from the trainer's own program
// into an encrypted file, and back, through pipes alone.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { inherited, NODE, program } from '../../programs.ts';

export const trainerFolder = (directory: string, organisation: string): string =>
  join(directory, organisation, 'trainer');
const hasJournal = (folder: string): boolean => existsSync(join(folder, 'journal.sqlite'));

/** Standard output of the trainer's program. @throws InputError with what it said */
function runTrainer(folder: string, parameters: readonly string[], input: Uint8Array): Promise<Buffer> {
  const env = { ...inherited(), CONSILIUM_DATA_DIR: folder };
  const [node, ...flags] = NODE;
  const child = spawn(node, [...flags, program('trainer'), ...parameters], { env, stdio: 'pipe' });
  const output: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(Buffer.concat(output));
      else
        reject(
          new InputError(`the trainer's journal cannot be used: ${errors.trim() || `status ${status}`}`),
        );
    });
  });
}

/** Writes the journal to `file` without the keys. Returns the keys as JSON, and undefined where no trainer ever ran. */
export async function copyJournal(folder: string, file: string): Promise<Buffer | undefined> {
  if (!hasJournal(folder)) return undefined;
  return runTrainer(folder, ['copy-journal', file], Buffer.alloc(0));
}

/** Returns how many keys were put into the folder's journal. */
export async function giveStudyKeys(folder: string, keys: Uint8Array): Promise<number> {
  if (!hasJournal(folder)) return 0;
  const said = await runTrainer(folder, ['take-study-keys'], keys);
  return (JSON.parse(said.toString('utf8')) as { taken: number }).taken;
}
