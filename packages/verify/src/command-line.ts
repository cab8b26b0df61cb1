// The command consilium-verify: a file of evidence and a trusted digest in, an answer in words or JSON out.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  processTerminal,
  readArguments,
  required,
  runProgram,
  type Terminal,
  UsageError,
} from '@consilium/command-line';
import { UnreadableBundleError } from './bundle/bundle-file.ts';
import { type Artefacts, artefactsOf } from './claims/aggregate-claim.ts';
import { messageInWords, readMessage } from './message/shown-message.ts';
import { openSentences, provenSentences, reportOf } from './report.ts';
import { type TrustedFacts, type Verification, verifyBundle } from './verify-bundle.ts';
import { UnreadableError } from './wire/protobuf-reader.ts';
import { compareFiles } from './witness/compare-histories.ts';
import { checkHistory } from './witness/history-file.ts';
import { statementJson } from './witness/witness-statement.ts';

const HELP = `consilium-verify: checks a file of evidence alone, without a network

  consilium-verify FILE --genesis SHA256 [--artefacts DIR] [--chaincode NAME] [--json]

  consilium-verify compare-histories FILE FILE --genesis SHA256 [--json]
                     compares what the gateways of two hospitals signed that they saw of the ledger: each FILE is
                     what one of them answers to GET /v1/ledger/witness-statement

  consilium-verify show-message FILE [--json]
                     says in words what a client is asked to sign: FILE is what a gateway answers to
                     POST /v1/unsigned-transactions or …/endorsement, or the bytes of its message

  FILE               what a gateway answers to GET /v1/evidence/studies/{studyId}, models/{studyId},
                     datasets/{datasetId} or transactions/{transactionId}
  --genesis SHA256   the digest of the channel's block 0 (its header's hash, which block 1 names), from a source of
                     your own: not from whom the file is
  --artefacts DIR    plaintexts of updates and models, under any names: their aggregates are recomputed
  --chaincode NAME   under which the consortium deployed the rules (default consilium)
  --json             all of it as one JSON object

The file is read once and never whole in memory. Of a long one, standard error says how far the check is.

Exit status: ${EXIT.done} all that the file claims is proven, or the same history; ${EXIT.failed} something does not
hold, or two histories; ${EXIT.unusable} no usable files or arguments, or not to be compared; ${EXIT.bug} a bug.
`;

/** Runs the command. @returns the exit status */
export function verifyCommand(args: readonly string[], terminal: Terminal = processTerminal): number {
  const { values, positionals } = readArguments(args, {
    ...COMMON_OPTIONS,
    genesis: { type: 'string' },
    artefacts: { type: 'string' },
    chaincode: { type: 'string', default: 'consilium' },
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [path, ...more] = positionals;
  if (path === 'compare-histories') {
    return compare(more, { genesis: genesisIn(values.genesis), isJson: values.json, terminal });
  }
  if (path === 'show-message') return showMessage(more, values.json === true, terminal);
  if (path === undefined || more.length > 0) throw new UsageError('name one file of evidence');
  const genesis = genesisIn(values.genesis);
  const artefacts = values.artefacts === undefined ? undefined : artefactsIn(values.artefacts);
  const verification = verify(path, { genesis, chaincode: values.chaincode, artefacts }, terminal);
  terminal.out(
    values.json ? `${JSON.stringify(jsonOf(verification), undefined, 2)}\n` : reportOf(verification),
  );
  return verification.problems.length === 0 ? EXIT.done : EXIT.failed;
}

function genesisIn(given: string | undefined): string {
  const genesis = required(given, 'genesis').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(genesis)) {
    throw new UsageError({ field: '--genesis', text: 'must be a SHA-256 in 64 hexadecimal digits' });
  }
  return genesis;
}

function compare(
  paths: readonly string[],
  {
    genesis,
    isJson,
    terminal,
  }: { readonly genesis: string; readonly isJson: boolean | undefined; readonly terminal: Terminal },
): number {
  const [first, second, ...more] = paths;
  if (first === undefined || second === undefined || more.length > 0) {
    throw new UsageError('compare-histories takes two files');
  }
  const files = [readFileOf(first), readFileOf(second)] as const;
  for (const [i, file] of files.entries()) usable(paths[i]!, () => checkHistory(file, { genesis }));
  const { comparison, text, histories } = compareFiles(files, genesis);
  const json = {
    comparison: comparison ?? null,
    statements: histories.map(({ statement }) => statementJson(statement)),
  };
  terminal.out(isJson === true ? `${JSON.stringify(json, undefined, 2)}\n` : text);
  if (comparison?.result === 'unknown') return EXIT.unusable;
  return comparison?.result === 'same' ? EXIT.done : EXIT.failed;
}

function showMessage(paths: readonly string[], isJson: boolean, terminal: Terminal): number {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) throw new UsageError('show-message takes one file');
  try {
    const message = readMessage(messageIn(readFileOf(path)));
    terminal.out(isJson ? `${JSON.stringify(message, undefined, 2)}\n` : messageInWords(message));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw new InputError({ field: path, text: `is no message to sign: ${error.message}` });
  }
}

/** The bytes themselves, or what a gateway answered with them in it. */
function messageIn(file: Uint8Array): Uint8Array {
  try {
    const { message } = JSON.parse(Buffer.from(file).toString('utf8')) as { readonly message?: unknown };
    return typeof message === 'string' ? Buffer.from(message, 'base64') : file;
  } catch {
    return file;
  }
}

function readFileOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new InputError({ field: path, text: `: ${(cause as Error).message}` }, { cause });
  }
}

function usable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableBundleError)) throw error;
    throw new InputError({ field: path, text: `is not a usable file of evidence: ${error.message}` });
  }
}

function artefactsIn(directory: string): Artefacts {
  try {
    const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
    return artefactsOf(files.map(({ name }) => readFileSync(join(directory, name))));
  } catch (cause) {
    throw new InputError({ field: '--artefacts', text: `: ${(cause as Error).message}` }, { cause });
  }
}

function verify(path: string, trusted: TrustedFacts, terminal: Terminal): Verification {
  return usable(path, () => verifyBundle(piecesOf(path, terminal), trusted));
}

const PIECE_BYTES = 2 ** 20;
/** Of files that take longer than a moment it is said how far the check is: after each tenth. */
const LONG_BYTES = 16 * PIECE_BYTES;

/** A file in pieces, so that one that is larger than memory can be checked. */
function* piecesOf(path: string, terminal: Terminal): Generator<Uint8Array, void, undefined> {
  const refuse = (cause: unknown) =>
    new InputError({ field: path, text: `: ${(cause as Error).message}` }, { cause });
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw refuse(cause);
  }
  try {
    const total = fstatSync(file).size;
    let [read, said] = [0, 0];
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      let length: number;
      try {
        length = readSync(file, piece);
      } catch (cause) {
        throw refuse(cause);
      }
      if (length === 0) return;
      yield piece.subarray(0, length);
      read += length;
      const tenths = Math.floor((10 * read) / total);
      if (total < LONG_BYTES || tenths <= said || tenths > 9) continue;
      said = tenths;
      terminal.error(`${10 * tenths} % of ${Math.round(total / 1e6)} MB is checked\n`);
    }
  } finally {
    closeSync(file);
  }
}

function jsonOf(verification: Verification): object {
  const { subject, channel, problems, chain, answered, history, use, transaction } = verification;
  const { discloses, transactions, costs, attestation, recomputed } = verification;
  return {
    isProven: problems.length === 0,
    ...subject,
    channel,
    problems,
    proven: provenSentences(verification),
    notProven: openSentences(verification),
    ...(chain !== undefined && {
      chain: {
        height: chain.height,
        lastHash: chain.lastHash,
        consensus: chain.configuration.consensus,
        configurationBlocks: chain.configurationBlocks,
        signedBy: Object.fromEntries(chain.signedBy),
        organisations: chain.configuration.mspIds,
      },
    }),
    ...(history?.kind === 'lineage' && {
      lineageSha256: history.model.lineageSha256,
      parametersSha256: history.model.parameters.parametersSha256,
    }),
    ...(history?.kind === 'record' && { record: recordOf(history) }),
    ...(use !== undefined && { use }),
    ...(transaction !== undefined && { transaction }),
    ...(answered !== undefined && { signedBy: answered.signedBy, readThrough: answered.readThrough }),
    witnessed: verification.witnessed,
    costs,
    attestation,
    ...(recomputed !== undefined && { recomputed }),
    discloses,
    transactions,
  };
}

const recordOf = ({ kind: _, ...record }: NonNullable<Verification['history']>): object => record;

await runProgram('consilium-verify', verifyCommand);
