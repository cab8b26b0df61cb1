// The privacy accountant on the command line.
export { ACCOUNT_HELP, runAccountCommand } from './account-command.ts';
