// Loaded before anything else in the processes of a test run. fabric-shim writes an error that nobody caught into its
// log and lets the process go on: a test file that imports it and cannot be evaluated would end with 0, and count as
// passed.
import { EXIT_CODES } from '@consilium/command-line';

process.on('uncaughtExceptionMonitor', () => {
  process.exitCode = EXIT_CODES.failed.status;
});
