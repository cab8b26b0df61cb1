// The runtime logs what it refuses, callers' own words among it, such as a function's name of any length. Whatever it
// logs is cut here, so that nobody fills an organisation's disk by asking for what there is not.
import { createRequire } from 'node:module';

const LINE_CHARACTERS_MAX = 2000;
/** The runtime's parts that log what was sent; each has one logger in a process. */
const NAMES = ['lib/handler.js', 'contracts-spi/chaincodefromcontract.js', 'contracts-spi/datamarshall.js'];
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

interface Logger extends Record<(typeof LEVELS)[number], (message: unknown, ...more: unknown[]) => unknown> {
  isLevelEnabled(level: string): boolean;
}
interface Loggers {
  getLogger(name: string): Logger;
}

/** Text for a log: no longer than a line may be, and said so where it was. */
export function cut(text: string): string {
  if (text.length <= LINE_CHARACTERS_MAX) return text;
  return `${text.slice(0, LINE_CHARACTERS_MAX).toWellFormed()} … (${text.length} characters)`;
}

/** Called once, when the chaincode is loaded. */
export function boundRuntimeLog(): void {
  const { getLogger } = createRequire(import.meta.url)('fabric-shim/lib/logger.js') as Loggers;
  for (const name of NAMES) {
    const logger = getLogger(name);
    for (const level of LEVELS) {
      const write = logger[level].bind(logger);
      // What is not logged is not looked at either: it may be long, and there is much of it.
      logger[level] = (message, ...more) =>
        logger.isLevelEnabled(level)
          ? write(typeof message === 'string' ? cut(message) : message, ...more)
          : logger;
    }
  }
}
