// The command consilium-verify: a file of evidence and a trusted digest in, an answer in words or JSON out.
import { readdirSync, readFileSync } from 'node:fs';
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
import { openSentences, provenSentences, reportOf } from './report.ts';
import { type TrustedFacts, type Verification, verifyBundle } from './verify-bundle.ts';

const HELP = `consilium-verify: checks a file of evidence alone, without a network

  consilium-verify FILE --genesis SHA256 [--artefacts DIR] [--chaincode NAME] [--json]

  FILE               what a gateway answers to GET /v1/evidence/studies/{studyId}, models/{studyId},
                     datasets/{datasetId} or transactions/{transactionId}
  --genesis SHA256   the digest of the channel's block 0 (its header's hash, which block 1 names), from a source of
                     your own: not from whom the file is
  --artefacts DIR    plaintexts of updates and models, under any names: their aggregates are recomputed
  --chaincode NAME   under which the consortium deployed the rules (default consilium)
  --json             all of it as one JSON object

Exit status: ${EXIT.done} all that the file claims is proven, ${EXIT.failed} something does not hold,
${EXIT.unusable} not a usable file or arguments, ${EXIT.bug} a bug.
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
  if (path === undefined || more.length > 0) throw new UsageError('name one file of evidence');
  const genesis = required(values.genesis, 'genesis').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(genesis)) {
    throw new UsageError({ field: '--genesis', text: 'must be a SHA-256 in 64 hexadecimal digits' });
  }
  const artefacts = values.artefacts === undefined ? undefined : artefactsIn(values.artefacts);
  const verification = verify(path, { genesis, chaincode: values.chaincode, artefacts });
  terminal.out(
    values.json ? `${JSON.stringify(jsonOf(verification), undefined, 2)}\n` : reportOf(verification),
  );
  return verification.problems.length === 0 ? EXIT.done : EXIT.failed;
}

function artefactsIn(directory: string): Artefacts {
  try {
    const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
    return artefactsOf(files.map(({ name }) => readFileSync(join(directory, name))));
  } catch (cause) {
    throw new InputError({ field: '--artefacts', text: `: ${(cause as Error).message}` }, { cause });
  }
}

function verify(path: string, trusted: TrustedFacts): Verification {
  let file: Uint8Array;
  try {
    file = readFileSync(path);
  } catch (cause) {
    throw new InputError({ field: path, text: `: ${(cause as Error).message}` }, { cause });
  }
  try {
    return verifyBundle(file, trusted);
  } catch (error) {
    if (!(error instanceof UnreadableBundleError)) throw error;
    throw new InputError({ field: path, text: `is not a usable file of evidence: ${error.message}` });
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
    costs,
    attestation,
    ...(recomputed !== undefined && { recomputed }),
    discloses,
    transactions,
  };
}

const recordOf = ({ kind: _, ...record }: NonNullable<Verification['history']>): object => record;

await runProgram('consilium-verify', verifyCommand);
