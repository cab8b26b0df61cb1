// The command line of benches, which take their settings from the environment.

import { EXIT } from '@consilium/command-line';

/** Prints what a bench is for and ends the process where it is asked with --help; anything else is refused. */
export function answerHelp(help: string): void {
  const [argument] = process.argv.slice(2);
  if (argument === undefined) return;
  if (argument === '--help') {
    process.stdout.write(help);
    process.exit(EXIT.done);
  }
  process.stderr.write(`${argument} is not understood: give settings in the environment\n\n${help}`);
  process.exit(EXIT.unusable);
}
