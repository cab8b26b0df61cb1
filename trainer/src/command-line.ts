// The trainer's program.
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  readArguments,
  refuseMore,
  runProgram,
  UsageError,
} from '@consilium/command-line';
import { COMMANDS, COMMANDS_HELP, runCommand } from './offline/commands/index.ts';

/** What `serve` is set by is loaded for the help alone. */
async function help(): Promise<string> {
  const { ENVIRONMENT } = await import('./config.ts');
  return `consilium-trainer: one hospital's training service

  consilium-trainer serve                      run until SIGTERM or SIGINT
  consilium-trainer export-artefacts           a study's updates and models in plaintext, to recompute its aggregates
  consilium-trainer copy-journal FILE          for a backup: the journal, and the keys for studies apart from it
  consilium-trainer take-study-keys            for a restore: those keys back into the journal
${COMMANDS_HELP}
  --json    one JSON document on standard output instead of text
  --help    this text

Environment of serve:
${Object.entries(ENVIRONMENT)
  .map(([name, meaning]) => `  ${name}\n      ${meaning}`)
  .join('\n')}

${exitStatusLine()}
`;
}

async function main([name = '', ...argv]: readonly string[]): Promise<number> {
  if (Object.hasOwn(COMMANDS, name)) return runCommand(name, argv);
  if (name === 'export-artefacts') return (await import('./export-command.ts')).exportCommand(argv);
  if (name === 'copy-journal' || name === 'take-study-keys') {
    return (await import('./journal-command.ts')).journalCommand(name, argv);
  }
  const { values, positionals } = readArguments([name, ...argv].filter(Boolean), COMMON_OPTIONS);
  if (values.help) {
    process.stdout.write(await help());
    return EXIT.done;
  }
  const [command, ...rest] = positionals;
  refuseMore(rest);
  if (command === undefined) throw new UsageError('name a command');
  if (command !== 'serve') throw new UsageError(`no command ${command}`);
  const { serve } = await import('./serve.ts');
  await serve(values);
  return EXIT.done;
}

await runProgram('consilium-trainer', main);
