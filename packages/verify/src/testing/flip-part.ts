// Flips every byte of a part of a file: a program, so that several processes, or machines, can share one file.
//
//     node flip-part.js FILE GENESIS K/N [CHAINCODE]
//
// Says on standard error how far it is, and on standard output, as one line of JSON, what the flips showed.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type FlipProgress, flipEveryByte } from './flip-every-byte.ts';

const [path, genesis, part, chaincode = 'consilium'] = process.argv.slice(2);
const [, k, n] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(part ?? '')?.map(Number) ?? [];
if (path === undefined || genesis === undefined || k === undefined || n === undefined || k > n) {
  process.stderr.write('usage: flip-part FILE GENESIS K/N [CHAINCODE], with K from 1 to N\n');
  process.exit(2);
}

const SAY_EACH_MS = 10_000;
const started = Date.now();
let said = started;

function say({ flipped, of, unfound }: FlipProgress): void {
  const now = Date.now();
  if (now - said < SAY_EACH_MS && flipped < of) return;
  said = now;
  const seconds = (now - started) / 1000;
  const left = Math.ceil((seconds / flipped) * (of - flipped));
  process.stderr.write(
    `${basename(path!)}, part ${part}: ${flipped} of ${of} bytes flipped in ${Math.round(seconds)} s, ` +
      `${unfound} not found, about ${left} s left\n`,
  );
}

const flips = flipEveryByte(readFileSync(path), { genesis, chaincode }, { part: { k, n }, onFlip: say });
process.stdout.write(`${JSON.stringify(flips)}\n`);
