// The commands for people without a ledger.
export { EXIT } from './command-line.ts';
export { COMMANDS, COMMANDS_HELP, runCommand } from './run-command.ts';
