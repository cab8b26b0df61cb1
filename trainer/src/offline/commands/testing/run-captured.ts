// Runs a command as the program does, and keeps what it says.
import { runCommand } from '../run-command.ts';

/** `last` is the last line of standard output, which scripts read. */
export async function runCaptured(command: string, ...argv: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const status = await runCommand(command, argv, {
    out: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}
