// Verifies one file of evidence in a process of its own, as consilium-verify does, and says what that took: one line of
// JSON. Arguments: the file, and the digest of the genesis block.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { verifyBundle } from '@consilium/verify';

const PIECE_BYTES = 2 ** 20;

function* piecesOf(path: string): Generator<Uint8Array, void, undefined> {
  const file = openSync(path, 'r');
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const length = readSync(file, piece);
    if (length === 0) break;
    yield piece.subarray(0, length);
  }
  closeSync(file);
}

/** Of this program alone: what a system counts for a process begins with that of who started it. Linux. */
function peakMib(): number {
  const [, kib = Number.NaN] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

const [path = '', genesis = ''] = process.argv.slice(2);
const { problems, transactions } = verifyBundle(piecesOf(path), { genesis });
const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({
    problems: problems.slice(0, 3),
    transactions: transactions.length,
    processorSeconds: (user + system) / 1e6,
    peakMemoryMib: peakMib(),
  })}\n`,
);
