// What every command has in common.
export { EXIT, EXIT_CODES, EXIT_OF_SIGNALS, type ExitName, exitStatusLine } from './exit-codes.ts';
export { ConfigError, InputError, type Said, UsageError } from './input-error.ts';
export { type Problem, sentenceOf } from './problem.ts';
export {
  COMMON_OPTIONS,
  oneOf,
  positiveNumber,
  readArguments,
  refuseMore,
  required,
  wholeNumber,
} from './read-arguments.ts';
export { type Environment, EnvironmentReader } from './read-environment.ts';
export { exitStatusOf, reportError, runProgram } from './run-program.ts';
export { processTerminal, type Terminal } from './terminal.ts';
