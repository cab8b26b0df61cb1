// The privacy accountant on the command line.
export { ACCOUNT_HELP, type AccountOutput, runAccountCommand } from './account-command.ts';
