// The commands for people without a ledger.
export { COMMANDS, COMMANDS_HELP, runCommand } from './run-command.ts';
