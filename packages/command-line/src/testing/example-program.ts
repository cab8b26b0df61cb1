// A program for the tests of the process that runs commands: it does what its first argument says.
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../run-program.ts';

await runProgram('example', async ([command, ...rest]) => {
  switch (command) {
    case 'say':
      process.stdout.write(`${rest.join(' ')}\n`);
      console.error(process.env.EXAMPLE ?? 'nothing', process.cwd());
      return 3;
    case 'later':
      void sleep(20).then(() => process.stdout.write('later\n'));
      return 0;
    case 'mask':
      process.stdout.write(`${process.umask(0o077).toString(8)}\n`);
      return 0;
    case 'leave':
      return process.exit(5);
    default:
      throw new Error('no such command');
  }
});
