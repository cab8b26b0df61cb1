// The trainer's program.
import { parseArgs } from 'node:util';
import { ENVIRONMENT } from './config.ts';
import { COMMANDS, COMMANDS_HELP, EXIT, runCommand } from './offline/commands/index.ts';

const EXIT_BUG = 70;

const HELP = `consilium-trainer: one hospital's training service

  consilium-trainer serve                      run until SIGTERM or SIGINT
${COMMANDS_HELP}
  --json    one JSON document on standard output instead of text
  --help    this text

Environment of serve:
${Object.entries(ENVIRONMENT)
  .map(([name, meaning]) => `  ${name}\n      ${meaning}`)
  .join('\n')}

Exit status: 0 done, 2 wrong usage. Of serve also: 69 the journal, a key or a port is not available; 70 a bug; 78 the
environment is not complete. Of the commands without a ledger: see their --help.
`;

function usage(problem: string): number {
  process.stderr.write(`consilium-trainer: ${problem}\nTry consilium-trainer --help.\n`);
  return EXIT.usage;
}

async function main(): Promise<number> {
  const [name = '', ...argv] = process.argv.slice(2);
  if (Object.hasOwn(COMMANDS, name)) return runCommand(name, argv);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const [command, ...rest] = positionals;
  if (rest.length > 0) return usage(`unexpected ${rest.join(' ')}`);
  if (command === undefined) return usage('name a command');
  if (command !== 'serve') return usage(`no command ${command}`);
  const { serve } = await import('./serve.ts');
  return serve(values);
}

try {
  process.exitCode = await main();
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  const misused = code?.startsWith('ERR_PARSE_ARGS') ?? false;
  process.exitCode = misused ? EXIT.usage : EXIT_BUG;
  process.stderr.write(`consilium-trainer: ${misused ? message : stack}\n`);
}
