// The commands of a ceremony: propose, review, sign, submit. Each works on one small file, at one organisation's place.
import { readFileSync } from 'node:fs';
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  oneOf,
  readArguments,
  required,
  UsageError,
  wholeNumber,
} from '@consilium/command-line';
import type { ConfigGroup } from '@consilium/verify/channel';
import { writeWhole, writeWholeBytes } from '../state-file.ts';
import { type Ceremony, digestOf, gather, readCeremony, writeCeremony } from './ceremony-file.ts';
import { signCeremony } from './ceremony-signatures.ts';
import { approveChaincode } from './chaincode-approval.ts';
import { definitionInWords } from './definition-check.ts';
import { proposeFounding } from './founding.ts';
import { placeOfHospital } from './hospital-place.ts';
import {
  definitionDigest,
  type Endpoint,
  isDefinition,
  type OrdererNode,
  readDefinition,
  readMspFolder,
  signedDefinition,
} from './organisation-definition.ts';
import { administratorOf, type OwnPlace, placeOf, readOwnPlace } from './own-place.ts';
import * as proposals from './proposals.ts';
import { refuse } from './refused-ceremony.ts';
import { type Review, reviewCeremony } from './review.ts';
import { textOfReview } from './review-text.ts';
import { missingInWords, SubmissionError, submitChange } from './submit.ts';

const HELP = `consilium-network: ceremonies, by which organisations of a channel agree on a change

  consilium-network propose CHANGE --place FILE --out FILE [what the change needs]
      Writes a file that says what would change. It travels by any means, and nothing in it is secret. CHANGE is one of
        definition          --msp DIR [--peer HOST:PORT …] [--orderer HOST:PORT --certificate FILE --identity FILE]
                            the own organisation, for those who found a channel or take it in
        founding            --definition FILE … [--ordering raft|bft] [--founded DAY] [--milliseconds N] [--messages N]
        add-organisation    --definition FILE, or with --hospital: --organisation MSPID
        remove-organisation --organisation MSPID
        add-orderer         --definition FILE --orderer HOST:PORT, or with --hospital: --organisation MSPID
        remove-orderer      --orderer HOST:PORT
        renew-orderer       --orderer HOST:PORT --certificate FILE [--identity FILE]
        anchor-peers        --organisation MSPID [--peer HOST:PORT …]
        revocation-lists    --organisation MSPID --list FILE …
        policy              --path /Channel/… --rule "MAJORITY Admins"
        batch-timeout       --milliseconds N
        block-size          --messages N
        chaincode           --name NAME --version VERSION --sequence N [--rule "OutOf(2, 'AlphaMSP.peer', …)"]
  consilium-network review FILE … --place FILE [--configuration BLOCK] [--definition FILE …] [--json]
      Says in words what would change, by the bytes that are signed and the channel as the own peer has it; what that
      makes weaker; who has signed, and who is missing. Copies that several signed are gathered. --configuration reads
      the channel from a block of it, where no peer can be reached. An organisation whose --definition is given has to
      be in the channel as it says. A definition itself is reviewed too.
  consilium-network sign FILE --place FILE --digest DIGEST [--configuration BLOCK] [--definition FILE …] [--out FILE]
                         [--json]
      Reviews, and adds the administrator's signature, if the digest is the one that was reviewed. The key stays here.
      A founder gives its own --definition: the block has to say what it says.
  consilium-network submit FILE … --place FILE [--out BLOCK] [--package PACKAGE-ID] [--json]
      Sends what is complete to the orderers, and waits until the own peer has it. A founding is written to BLOCK.
      A chaincode is approved for the own organisation, and committed once enough organisations have approved it.

--place (default consilium-place.yaml): mspId, channel, genesis (digest of the first block), administrator (folder msp
with signcerts and keystore), peer and orderers (address, tlsRoots). --hospital HOSPITAL.YAML in place of it takes all
of that from the folder of a hospital that runs on its own host. Who comes in then has to be as its own definition says,
under the roots that consortium.yaml has.

${exitStatusLine()}
`;

const OPTIONS = {
  place: { type: 'string', default: 'consilium-place.yaml' },
  hospital: { type: 'string' },
  out: { type: 'string' },
  package: { type: 'string' },
  digest: { type: 'string' },
  configuration: { type: 'string' },
  msp: { type: 'string' },
  peer: { type: 'string', multiple: true },
  orderer: { type: 'string' },
  certificate: { type: 'string' },
  identity: { type: 'string' },
  definition: { type: 'string', multiple: true },
  ordering: { type: 'string' },
  founded: { type: 'string' },
  milliseconds: { type: 'string' },
  messages: { type: 'string' },
  organisation: { type: 'string' },
  list: { type: 'string', multiple: true },
  path: { type: 'string' },
  rule: { type: 'string' },
  name: { type: 'string' },
  version: { type: 'string' },
  sequence: { type: 'string' },
  ...COMMON_OPTIONS,
} as const;

const readOptions = (args: readonly string[]) => readArguments(args, OPTIONS);
type Values = ReturnType<typeof readOptions>['values'];

/** Where lines go: what was asked for, and what else is said. */
export interface CeremonyOutput {
  readonly print: (line: string) => void;
  readonly note: (line: string) => void;
}

const TERMINAL: CeremonyOutput = {
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
};

/** The options, and where to write. */
type Call = Values & CeremonyOutput & Pick<OwnPlace, 'agreed'>;

/** @param args the command and what follows it. @returns the exit status */
export async function runCeremony(args: readonly string[], output = TERMINAL): Promise<number> {
  const { values: options, positionals } = readOptions(args);
  const [command, ...words] = positionals;
  if (options.help) {
    output.print(HELP.trimEnd());
    return EXIT.done;
  }
  const { hospital, place } = options;
  const own = hospital === undefined ? readOwnPlace(place) : placeOfHospital(hospital);
  const values = { ...options, ...output, ...(own.agreed && { agreed: own.agreed }) };
  switch (command) {
    case 'propose':
      return propose(words, values, own);
    case 'review':
      return review(words, values, own);
    case 'sign':
      return sign(words, values, own);
    default:
      return submit(words, values, own);
  }
}

function endpointOf(text: string, option: string): Endpoint {
  const [, host, port] = /^([A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new UsageError(`--${option} must be HOST:PORT, not ${text}`);
  return { host, port: Number(port) };
}
const endpointsOf = ({ peer = [] }: Call): Endpoint[] => peer.map((text) => endpointOf(text, 'peer'));
const ordererOf = ({ orderer }: Call): Endpoint => endpointOf(required(orderer, 'orderer'), 'orderer');
const definitionsOf = ({ definition = [] }: Call) => {
  if (definition.length === 0) throw new UsageError('--definition is missing');
  return definition.map(readDefinition);
};
/** Of a file, or of an organisation that consortium.yaml names. */
const onlyDefinition = (values: Call) => {
  const { agreed, organisation } = values;
  if (agreed !== undefined && organisation !== undefined) {
    const found = agreed.find(({ mspId }) => mspId === organisation);
    return (
      found ??
      refuse(
        `consortium.yaml does not name ${organisation} with its roots, or its definition is not in the mailbox`,
      )
    );
  }
  const [first, ...more] = definitionsOf(values);
  if (more.length > 0) throw new UsageError('--definition is given twice: give it once');
  return first!;
};
const number = (text: string | undefined, name: string, least = 1): number =>
  wholeNumber(required(text, name), name, { least })!;
const textOf = (file: string | undefined, name: string) => readFileSync(required(file, name), 'utf8');

type Change = (root: ConfigGroup, values: Call) => ConfigGroup;

/** By their names on the command line. */
const CHANGES: Readonly<Record<string, Change>> = {
  'add-organisation': (root, values) => proposals.addOrganisation(root, onlyDefinition(values)),
  'remove-organisation': (root, { organisation }) =>
    proposals.removeOrganisation(root, required(organisation, 'organisation')),
  'add-orderer': (root, values) => {
    const { mspId, orderers } = onlyDefinition(values);
    const [only] = orderers;
    const at = values.orderer === undefined && orderers.length === 1 ? only! : ordererOf(values);
    const node = orderers.find(({ host, port }) => host === at.host && port === at.port);
    return proposals.addOrderer(
      root,
      mspId,
      node ?? refuse(`the definition names no orderer ${at.host}:${at.port}`),
    );
  },
  'remove-orderer': (root, values) => proposals.removeOrderer(root, ordererOf(values)),
  'renew-orderer': (root, values) =>
    proposals.renewOrderer(root, ordererOf(values), {
      ...(values.certificate === undefined ? {} : { tls: textOf(values.certificate, 'certificate') }),
      ...(values.identity === undefined ? {} : { identity: textOf(values.identity, 'identity') }),
    }),
  'anchor-peers': (root, values) =>
    proposals.changeAnchorPeers(root, required(values.organisation, 'organisation'), endpointsOf(values)),
  'revocation-lists': (root, { organisation, list = [] }) =>
    proposals.changeRevocationLists(
      root,
      required(organisation, 'organisation'),
      list.map((file) => readFileSync(file)),
    ),
  policy: (root, { path, rule }) =>
    proposals.changePolicy(root, required(path, 'path'), required(rule, 'rule')),
  'batch-timeout': (root, { milliseconds }) =>
    proposals.changeBatchTimeout(root, number(milliseconds, 'milliseconds')),
  'block-size': (root, { messages }) => proposals.changeBlockSize(root, number(messages, 'messages')),
};

async function propose([change, ...more]: readonly string[], values: Call, own: OwnPlace): Promise<number> {
  const known = ['definition', 'founding', 'chaincode', ...Object.keys(CHANGES)];
  if (more.length > 0 || change === undefined || !known.includes(change)) {
    throw new UsageError(`propose needs one of ${known.join(', ')}`);
  }
  const out = required(values.out, 'out');
  if (change === 'definition') return proposeDefinition(values, own, out);
  const ceremony = await ceremonyOf(change, values, own);
  writeCeremony(out, ceremony);
  const place = await placeOf(own, values);
  say(reviewCeremony(ceremony, place), values);
  if (!values.json) values.print(`Written to ${out}.`);
  return EXIT.done;
}

async function ceremonyOf(change: string, values: Call, own: OwnPlace): Promise<Ceremony> {
  if (change === 'founding') {
    return proposeFounding(
      {
        channel: own.channel,
        ordering: oneOf(values.ordering, 'ordering', ['raft', 'bft']) ?? 'raft',
        batchTimeoutMs: wholeNumber(values.milliseconds, 'milliseconds', { least: 1 }) ?? 200,
        maxMessageCount: wholeNumber(values.messages, 'messages', { least: 1 }) ?? 1,
        foundedAt: dayOf(values.founded),
      },
      definitionsOf(values),
    );
  }
  const { channel, genesis, configuration } = await placeOf(own, values);
  if (configuration === undefined || genesis === undefined) {
    return refuse(`${own.file} names no peer and no genesis: a change starts from the channel as it is`);
  }
  const from = { channel, genesis, configuration };
  if (change === 'chaincode') {
    return proposals.proposeChaincode(from, {
      name: required(values.name, 'name'),
      version: required(values.version, 'version'),
      sequence: number(values.sequence, 'sequence'),
      policy: values.rule ?? 'MAJORITY',
    });
  }
  return proposals.proposeChange(from, (root) => CHANGES[change]!(root, values));
}

function dayOf(text = new Date().toISOString().slice(0, 10)): Date {
  const day = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(day.getTime())) {
    throw new UsageError(`--founded must be a day such as 2026-01-31, not ${text}`);
  }
  return day;
}

function proposeDefinition(values: Call, own: OwnPlace, out: string): number {
  const orderers = values.orderer === undefined ? [] : [ownOrderer(values)];
  const msp = readMspFolder(own.mspId, required(values.msp, 'msp'));
  const definition = { mspId: own.mspId, msp, anchorPeers: endpointsOf(values), orderers };
  writeWhole(out, signedDefinition(definition, administratorOf(own)));
  const digest = definitionDigest(readDefinition(out));
  if (values.json) values.print(JSON.stringify({ mspId: own.mspId, digest }));
  else
    values.print(
      `${own.mspId}, digest ${digest}, written to ${out}. Tell the others the digest by telephone.`,
    );
  return EXIT.done;
}

function ownOrderer(values: Call): OrdererNode {
  const tls = textOf(values.certificate, 'certificate');
  return {
    ...ordererOf(values),
    identity: textOf(values.identity, 'identity'),
    clientTls: tls,
    serverTls: tls,
  };
}

function readAll(files: readonly string[]): Ceremony {
  const [first, ...others] = files.map(readCeremony);
  if (first === undefined) throw new UsageError('give the file of a ceremony');
  return gather([first, ...others]);
}

/** Without the bytes of signatures. */
function say(found: Review, { json, print }: Call): void {
  const signatures = found.signatures.map(({ signed: _, ...shown }) => shown);
  if (json) print(JSON.stringify({ ...found, signatures }));
  else print(textOfReview(found).trimEnd());
}

async function review(files: readonly string[], values: Call, own: OwnPlace): Promise<number> {
  const [first, ...more] = files;
  if (first !== undefined && more.length === 0 && isDefinition(first)) return reviewDefinition(first, values);
  const found = reviewCeremony(readAll(files), await knownPlace(own, values));
  say(found, values);
  return EXIT.done;
}

function reviewDefinition(file: string, values: Call): number {
  const definition = readDefinition(file);
  const lines = definitionInWords(definition);
  if (values.json)
    values.print(JSON.stringify({ mspId: definition.mspId, digest: definitionDigest(definition), lines }));
  else for (const line of lines) values.print(line);
  return EXIT.done;
}

/** With the definitions that are at hand. */
const knownPlace = async (own: OwnPlace, values: Call) => ({
  ...(await placeOf(own, values)),
  definitions: (values.definition ?? []).map(readDefinition),
});

async function sign(files: readonly string[], values: Call, own: OwnPlace): Promise<number> {
  const ceremony = readAll(files);
  const place = await knownPlace(own, values);
  if (ceremony.kind === 'founding' && !place.definitions.some(({ mspId }) => mspId === own.mspId)) {
    throw new UsageError(
      `--definition is missing: a founder compares the block with the definition of ${own.mspId}`,
    );
  }
  // What is wrong with it comes before what is missing of the call.
  const before = reviewCeremony(ceremony, place);
  const digest = digestOf(ceremony);
  if (values.digest !== digest) {
    say(before, values);
    throw new UsageError(
      `--digest must be the digest that you reviewed and compared with the others: here it is ${digest}`,
    );
  }
  const signed = signCeremony(ceremony, administratorOf(own));
  const found = reviewCeremony(signed, place);
  const out = values.out ?? files[0]!;
  writeCeremony(out, signed);
  say(found, values);
  if (!values.json) values.print(`Signed for ${own.mspId}, and written to ${out}.`);
  return EXIT.done;
}

async function submit(files: readonly string[], values: Call, own: OwnPlace): Promise<number> {
  const ceremony = readAll(files);
  if (ceremony.kind === 'founding') return submitFounding(ceremony, values, own);
  try {
    if (ceremony.kind === 'chaincode') return await approve(ceremony, values, own);
    const { sequence } = await submitChange(ceremony, own, values.json ? values.note : values.print);
    if (values.json) values.print(JSON.stringify({ sequence }));
    else values.print(`The channel has configuration ${sequence}, as it was reviewed.`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof SubmissionError)) throw error;
    values.note(error.message);
    return EXIT.failed;
  }
}

async function approve(ceremony: Ceremony, values: Call, own: OwnPlace): Promise<number> {
  const outcome = await approveChaincode(ceremony, own, values.package);
  const { isCommitted, wasCommitted, missing } = outcome;
  if (values.json) values.print(JSON.stringify(outcome));
  else if (wasCommitted) values.print('The channel runs this definition already: nothing was sent.');
  else if (isCommitted) values.print('Approved, and committed: the channel runs this definition.');
  else values.print(`Approved for ${own.mspId}. It is not committed: ${missing} have to approve it.`);
  return EXIT.done;
}

/** Writes the first block, once every founder has consented to it. */
async function submitFounding(ceremony: Ceremony, values: Call, own: OwnPlace): Promise<number> {
  const out = required(values.out, 'out');
  const found = reviewCeremony(ceremony, { ...(await placeOf({ ...own, peer: undefined }, {})) });
  if (!found.isComplete) {
    values.note(`not written: ${missingInWords(found)}`);
    return EXIT.failed;
  }
  writeWholeBytes(out, ceremony.bytes);
  if (values.json) values.print(JSON.stringify({ genesis: ceremony.genesis }));
  else values.print(`The first block is in ${out}. Write down its digest: ${ceremony.genesis}`);
  return EXIT.done;
}
