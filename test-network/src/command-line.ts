/** The command line of the one-machine network: start, deploy, status, stop, identities, enrol, ipfs. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  readArguments,
  refuseMore,
  required,
  runProgram,
  UsageError,
  wholeNumber,
} from '@consilium/command-line';
import type { ChaincodeConfig } from './config.ts';
import { ControlError, callControl } from './control.ts';
import type { NetworkStatus } from './network.ts';

const HELP = `consilium-test-network: a Hyperledger Fabric network and an IPFS node on one machine

Usage
  consilium-test-network start  --dir DIR [--config FILE.json] [--port-base N] [--json]
  consilium-test-network deploy --dir DIR --name NAME --address [MSP=]HOST:PORT ... [--policy POLICY]
                                [--version V] [--sequence S] [--package-id [MSP=]ID ...] [--tls-root FILE.pem]
                                [--json]
  consilium-test-network status --dir DIR [--json]
  consilium-test-network stop   --dir DIR
  consilium-test-network identities --dir DIR --config FILE.json [--json]
  consilium-test-network enrol  --organisation DIR --name PERSON [--role ROLE]
                                [--attribute NAME=VALUE ...] [--keep]
  consilium-test-network ipfs   --dir DIR [--port N]

start   runs until SIGTERM or Ctrl-C. DIR keeps identities, ledger, ports and configuration. Starting it
        again continues where it was. Without --config: three organisations, no chaincode.
        --port-base N takes N (orderer), N+1... (peers) and the next (IPFS). Without it, free ports are
        chosen once and kept. DIR/connection.json contains all that clients need.
deploy  defines a chaincode-as-a-service on the running network. --address without MSP= serves every
        organisation that has no address of its own. POLICY is for example
        "OutOf(2,'Org1MSP.peer','Org2MSP.peer')" or "MAJORITY Endorsement" (the default), ANY or ALL.
        The sequence defaults to the next one.
        A server that registers under another id than --package-id is refused. Without --package-id, the id
        under which it registers first counts, until the next deploy.
status  prints the height, the endpoints and the chaincodes.
stop    stops the network and waits until it has stopped.
identities  starts nothing. It creates the organisations' authorities, nodes and clients as Fabric MSP folders
        in DIR/organisations, and the connection files, for a network that other programs run. FILE.json:
        { channel, organisations: [{ mspId, name, endpoint, hostAliases }], orderers: [{ … }], ipfsUrl }.
enrol   prints a certificate and key for one more person of the organisation in DIR (such as
        organisations/Org1MSP), as { certificate, privateKey }. The same PERSON gets the same enrolment id.
        --role and --attribute (repeatable) are what chaincode reads of the certificate, as Fabric CA's
        --id.attrs. At least one of them is needed.
        With --keep it is a client of the organisation, under PERSON in the next connection file.
ipfs    runs the IPFS stand-in alone until SIGTERM or Ctrl-C.

${exitStatusLine(['done', 'failed', 'unusable', 'notRunning', 'bug'])}
`;

/** With the organisation's name behind it, at most the 64 characters of an enrolment id. */
const PERSON = /^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/;
const STOP_POLL_MS = 50;
const STOP_TIMEOUT_MS = 20_000;

const OPTIONS = {
  dir: { type: 'string' },
  config: { type: 'string' },
  'port-base': { type: 'string' },
  port: { type: 'string' },
  name: { type: 'string' },
  organisation: { type: 'string' },
  role: { type: 'string' },
  attribute: { type: 'string', multiple: true },
  address: { type: 'string', multiple: true },
  policy: { type: 'string' },
  version: { type: 'string' },
  sequence: { type: 'string' },
  'package-id': { type: 'string', multiple: true },
  'tls-root': { type: 'string' },
  keep: { type: 'boolean', default: false },
  ...COMMON_OPTIONS,
} as const;

const readOptions = (args: readonly string[]) => readArguments(args, OPTIONS);
type Values = ReturnType<typeof readOptions>['values'];

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args);
  if (values.help || positionals.length === 0) {
    process.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.unusable;
  }
  const [command, ...rest] = positionals;
  refuseMore(rest);
  switch (command) {
    case 'start':
      return start(values);
    case 'deploy':
      return deploy(values);
    case 'status':
      return status(values);
    case 'stop':
      return stop(values);
    case 'identities':
      return identities(values);
    case 'enrol':
      return enrolOne(values);
    case 'ipfs':
      return ipfs(values);
    default:
      throw new UsageError(`unknown command ${command}`);
  }
}

async function start(values: Values): Promise<number> {
  // Only this command needs the network's code, which takes a while to load.
  const { runNetwork } = await import('./start-command.ts');
  const portBase = values['port-base'];
  await runNetwork({
    dir: directory(values),
    configFile: values.config,
    portBase: wholeNumber(portBase, 'port-base', PORTS),
    json: values.json,
  });
  return EXIT.done;
}

async function deploy(values: Values): Promise<number> {
  const dir = directory(values);
  const name = required(values.name, 'name');
  if (!values.address?.length) throw new UsageError('deploy needs at least one --address [MSP=]HOST:PORT');
  const packageIds = values['package-id'];
  const root = values['tls-root'];
  const answered = await callControl(dir, 'deploy', {
    name,
    addresses: byOrganisation(values.address),
    ...(packageIds === undefined ? {} : { packageIds: byOrganisation(packageIds) }),
    ...(values.policy === undefined ? {} : { policy: values.policy }),
    ...(values.version === undefined ? {} : { version: values.version }),
    ...(values.sequence === undefined ? {} : { sequence: Number(values.sequence) }),
    ...(root === undefined ? {} : { tlsRootCertificate: readFileSync(root, 'utf8') }),
  });
  const { version, sequence } = answered as ChaincodeConfig;
  process.stdout.write(
    values.json
      ? `${JSON.stringify(answered)}\n`
      : `deployed ${name} version ${version} sequence ${sequence}\n`,
  );
  return EXIT.done;
}

/** `[MSP=]TEXT`, where `*` stands for the organisations that are not named. */
function byOrganisation(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? ['*', text] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

async function status(values: Values): Promise<number> {
  const answered = (await callControl(directory(values), 'status', {})) as NetworkStatus;
  if (values.json) {
    process.stdout.write(`${JSON.stringify(answered)}\n`);
    return EXIT.done;
  }
  const lines = [`channel ${answered.channel}, ${answered.height} blocks`];
  for (const { mspId, endpoint } of answered.organisations) lines.push(`  ${mspId} at ${endpoint}`);
  for (const { name, version, sequence, peers } of answered.chaincodes) {
    lines.push(`chaincode ${name} version ${version} sequence ${sequence}`);
    for (const { mspId, address, connected, packageId, refused } of peers) {
      const state = connected
        ? `connected as ${packageId}`
        : refused
          ? `refused: ${refused}`
          : 'not answering';
      lines.push(`  ${mspId} ${address} ${state}`);
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.done;
}

async function stop(values: Values): Promise<number> {
  const dir = directory(values);
  await callControl(dir, 'stop', {});
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (existsSync(join(dir, 'run.json'))) {
    if (Date.now() > deadline) throw new ControlError(`the network in ${dir} has not stopped`);
    await new Promise((wake) => setTimeout(wake, STOP_POLL_MS));
  }
  return EXIT.done;
}

async function identities(values: Values): Promise<number> {
  const config = required(values.config, 'config');
  const { issueIdentities } = await import('./identities-command.ts');
  const dir = directory(values);
  const connection = await issueIdentities(dir, config);
  const mspIds = connection.organisations.map(({ mspId }) => mspId);
  const facts = { connection: join(dir, 'connection.json'), organisations: mspIds };
  process.stdout.write(values.json ? `${JSON.stringify(facts)}\n` : `${facts.connection}\n`);
  return EXIT.done;
}

async function enrolOne({ organisation, name, role, attribute = [], keep }: Values): Promise<number> {
  const { CLIENT_ROLES, enrol, isClientRole, parseAttributes } = await import('./identities/enrol.ts');
  const folder = resolve(required(organisation, 'organisation'));
  if (name === undefined || !PERSON.test(name)) {
    throw new UsageError({ field: '--name', text: 'must have letters, digits, . _ -' });
  }
  if (role !== undefined && !isClientRole(role)) {
    throw new UsageError({ field: '--role', text: `must be one of ${CLIENT_ROLES.join(', ')}` });
  }
  if (role === undefined && attribute.length === 0) {
    throw new UsageError('--role or --attribute is needed: what chaincode reads of the certificate');
  }
  let attributes: Readonly<Record<string, string>>;
  try {
    attributes = parseAttributes(attribute);
  } catch (error) {
    throw new UsageError({ field: '--attribute', text: `: ${(error as Error).message}` });
  }
  const { certificatePem, privateKeyPem } = await enrol(folder, {
    person: name,
    ...(role === undefined ? {} : { role }),
    attributes,
    keep,
  });
  process.stdout.write(`${JSON.stringify({ certificate: certificatePem, privateKey: privateKeyPem })}\n`);
  return EXIT.done;
}

async function ipfs(values: Values): Promise<number> {
  const { startIpfs } = await import('./ipfs/index.ts');
  const dir = directory(values);
  const wanted = wholeNumber(values.port, 'port', PORTS) ?? 0;
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve());
  const running = await startIpfs({ dir, port: wanted });
  process.stderr.write(`IPFS stand-in at ${running.url}\n`);
  await stopped.promise;
  await running.close();
  return EXIT.done;
}

function directory(values: Values): string {
  return resolve(required(values.dir, 'dir'));
}

const PORTS = { least: 1, most: 65_000 };

await runProgram('consilium-test-network', run);
