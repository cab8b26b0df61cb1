// The commands of one organisation on its own host. Each says the digest of consortium.yaml, which all must have alike.
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EXIT,
  exitStatusLine,
  readArguments,
  refuseMore,
  required,
  UsageError,
} from '@consilium/command-line';
import { interrupted } from '../interruption.ts';
import { logTail } from '../log-tail.ts';
import { findHospitalPrograms, findKubo, MissingBinariesError } from '../native/binaries.ts';
import { startDetached } from '../start-detached.ts';
import { readState } from '../state-file.ts';
import { consortiumStatus, statusText } from '../status.ts';
import { stopConsortium } from '../stop.ts';
import { supervise } from '../supervise.ts';
import { restartServices, startServices, stopServices, withoutStopped } from '../supervisor-control.ts';
import { agreeOnFile, joinWithFile } from './agree-command.ts';
import { BACKUP_HELP, backUp, restore } from './backup/backup-command.ts';
import { assertNotHalfRestored } from './backup/restore-backup.ts';
import { assertOthersRemember } from './backup/restored-orderer.ts';
import { CERTIFICATE_HELP, probe, takeBack } from './certificate-commands.ts';
import { takeUpVersion } from './chaincode-versions.ts';
import { answer, heading, note, OPTIONS, type Place, print } from './command-place.ts';
import { complete, compose, takeUpForCompose } from './compose-command.ts';
import { writeDefinition } from './definition.ts';
import { assertMargin, examinationText, examine } from './doctor.ts';
import { enrolOrganisation } from './enrolment.ts';
import { found } from './founding.ts';
import { type Hospital, readHospital } from './hospital-file.ts';
import { askGateway } from './hospital-gateway.ts';
import { ensureIpfsNode } from './hospital-ipfs.ts';
import { hospitalLayout } from './hospital-layout.ts';
import {
  assertFounded,
  assertInitialised,
  type HospitalPrograms,
  planHospital,
  SPARE_PEER_REMEDY,
} from './hospital-plan.ts';
import { leave } from './leave-command.ts';
import { lists } from './lists-command.ts';
import { definitionFile } from './mailbox.ts';
import { leadsOrdering, lookAtOrdering, waitUntilItOrders } from './orders-again.ts';
import { enrol, persons } from './person-commands.ts';
import { expiry, renew } from './renewal-command.ts';
import { ensureExchangeKey } from './swarm-key.ts';
import { takeUp } from './take-up.ts';
import { units } from './unit-command.ts';

export const HOSPITAL_HELP = `consilium-network hospital: one organisation of a consortium, on its own host

  consilium-network hospital init   --hospital FILE [--json]
      Makes the two certificate authorities and every identity of this organisation, and puts its definition, which
      holds no key, into the mailbox. Prints the digests of its roots for consortium.yaml.
  consilium-network hospital found  --hospital FILE [--json]
      Takes up the definitions of all from the mailbox, and computes the channel's first block from them and from
      consortium.yaml: it has the same digest everywhere. The first organisation also makes the key of the private
      IPFS swarm, and seals it to each other.
  consilium-network hospital join   --hospital FILE [--json]
      The same for a channel that others have: takes up their definitions and the first block, whose digest
      consortium.yaml has as \`genesis\`.
  consilium-network hospital agree  --hospital FILE [--json]
      Takes up a consortium.yaml that changed, says each difference from the one before and from the channel, and
      restarts what reads it: links, IPFS and gateway. Gives newcomers what they need, and forgets those who are gone.
  consilium-network hospital leave  --hospital FILE [--confirm MSPID] [--json]
      Says what this organisation still owes on the ledger and in the channel, and what it would keep and delete. With
      --confirm it deletes its keys, if nothing is owed. Exits with 1 while something is.
  consilium-network hospital up     --hospital FILE [--foreground | --service NAME] [--json]
      Starts orderer, peers, chaincode, IPFS, trainer and gateway, and returns when each of them runs. Approving the
      chaincode goes on afterwards, until the others have started too. Of two peers one is enough: where the other does
      not start, it says which and what to do, and exits with 3.
  consilium-network hospital down   --hospital FILE [--service NAME] [--json]
      Stops it, or one process: that stays down until \`hospital up --service NAME\`, as for work on the disk of one of
      two peers.
  consilium-network hospital restart --hospital FILE [--service NAME] [--json]
      Restarts each process after the other, or one; the next one waits until the one before it does its work and the
      gateway is ready, and the own orderer takes part again. Refuses where the orderers have no margin.
  consilium-network hospital upgrade --hospital FILE [--json]
      Restarts this hospital with the release that this command is of. Where consortium.yaml names another version of
      the chaincode, the channel's goes on beside it, and so do the trainer and the gateway of its release, until the
      ceremony \`chaincode\` is submitted: then they are replaced by themselves. Returns when the own orderer takes part
      again, or exits with 1 after three minutes.
  consilium-network hospital status --hospital FILE [--json]
      Shows each process, and what the gateway says of the others; also that the own orderer leads them. Exits with 3
      if not everything runs.
  consilium-network hospital logs   --hospital FILE [--service NAME] [--json]
      Shows the end of each log, or of one.
  consilium-network hospital doctor --hospital FILE [--json]
      Looks for what is wrong: clock, disk, names, ports and TLS of each neighbour, certificates, versions, the code's
      digest, file modes, quorum. Exits with 1 if something is.
  consilium-network hospital expiry --hospital FILE [--metrics FILE] [--json]
      Says when each certificate ends, the first first, and writes that for Prometheus into FILE. Exits with 1 if an
      own one has ended.
  consilium-network hospital renew  --hospital FILE --what WHAT [--json]
      Has the own authorities issue new certificates for new keys: of peer, peer1 (the second one), gateway, trainer,
      chaincode, links (and witness, which is the same one), admin, or all of these. The gateway and the links take
      them up by themselves; chaincode and peers are restarted one after the other. WHAT=orderer goes by a ceremony:
      the first time the command puts it into the mailbox, and once it is submitted the same command puts the new ones
      in place.
  consilium-network hospital enrol  --hospital FILE --person NAME --role ROLE [--here] [--json]
      Invites a person as steward, auditor, researcher, operator or admin: writes a ticket with a secret that is good
      once. With --here the key is made on this host, and the gateway signs for them.
  consilium-network hospital enrol  --hospital FILE --request FILE [--json]
      Certifies the request that a person made with their ticket (\`consilium-network person --help\`).
  consilium-network hospital persons --hospital FILE [--json]
  consilium-network hospital units  --hospital FILE --out FOLDER [--user NAME] [--json]
      Writes hardened units of systemd, which run as NAME (consilium): a service, a target, and a daily look at ends.
  consilium-network hospital compose --hospital FILE --out FILE [--json]
      Writes a file for Docker Compose with the official images, and the services' secrets beside the own keys. Where
      consortium.yaml names another version of the chaincode, that of the channel is in it too.
  consilium-network hospital complete --hospital FILE [--json]
      Brings the own orderer and peers into the channel, and agrees on the chaincode, where others started them. After
      a change of the chaincode's version it says when \`hospital compose\` has to write the file again.
  consilium-network hospital lists  --hospital FILE [--json]
      Takes up from the mailbox which certificates of hosts the others revoked. Links refuse what they name.

${CERTIFICATE_HELP}
${BACKUP_HELP}
FILE is hospital.yaml; docs/operating/hospitals-apart.md explains it.

${exitStatusLine(['done', 'failed', 'unusable', 'notRunning', 'bug'])}
`;

const READY_MS = 180_000;
const LOOK_EVERY_MS = 500;

/** The exit status. @throws UsageError, and what each command throws. */
export async function runHospitalCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(HOSPITAL_HELP);
    return values.help ? EXIT.done : EXIT.unusable;
  }
  refuseMore(rest);
  const run = COMMANDS[command];
  if (run === undefined) throw new UsageError(`no command hospital ${command}`);
  process.umask(0o077);
  const path = resolve(required(values.hospital, 'hospital'));
  const hospital = readHospital(path);
  const layout = hospitalLayout(hospital);
  if (command !== 'restore') assertNotHalfRestored(layout);
  if (OF_IDENTITIES.has(command)) assertInitialised(layout);
  return run({ values, path, hospital, layout });
}

/** What works with identities that `init` has made. */
const OF_IDENTITIES = new Set(['enrol', 'renew', 'revoke', 'probe', 'expiry', 'backup']);

function programs(): HospitalPrograms {
  const kubo = findKubo();
  if (kubo === undefined) throw new MissingBinariesError(['ipfs (Kubo; IPFS_BIN or PATH)']);
  return { fabric: findHospitalPrograms(), kubo };
}

async function init(place: Place): Promise<number> {
  const { hospital, layout } = place;
  const { fabric, kubo } = programs();
  await enrolOrganisation({ programs: fabric, hospital, layout, report: note });
  const ipfsPeerId = await ensureIpfsNode({ kubo, repo: layout.ipfsRepo });
  const exchangeKey = ensureExchangeKey(layout.exchangeKey);
  const roots = writeDefinition(hospital, layout, { ipfsPeerId, exchangeKey });
  const agreed = hospital.own.roots;
  const isAgreed = agreed?.identity === roots.identity && agreed.tls === roots.tls;
  const advice = isAgreed
    ? ['consortium.yaml has the roots of this organisation.']
    : [
        `${agreed === undefined ? 'Write' : 'Other roots are in consortium.yaml. Write'} under this organisation:`,
        `    roots: { identity: ${roots.identity}, tls: ${roots.tls} }`,
        'and give the file to all again: its digest changes.',
      ];
  answer(place, { roots, isAgreed }, [
    ...advice,
    `The definition is ${definitionFile(hospital.file.mailbox, hospital.own.mspId)}: give it to all.`,
  ]);
  return EXIT.done;
}

function foundChannel(place: Place): number {
  const genesisSha256 = found(place.hospital, place.layout);
  answer(place, { genesisSha256 }, [
    `genesis ${genesisSha256}`,
    'Compare both digests with the other organisations by another way than the mailbox.',
  ]);
  return EXIT.done;
}

async function agree(place: Place): Promise<number> {
  const { content, lines } = await agreeOnFile({ ...place, programs });
  answer(place, content, lines);
  return EXIT.done;
}

function joinOthers(place: Place): number {
  const { content, lines } = joinWithFile(place);
  answer(place, content, lines);
  return EXIT.done;
}

async function leaveOthers(place: Place): Promise<number> {
  const { content, lines, isFree } = await leave({ ...place, confirm: place.values.confirm });
  answer(place, content, lines);
  return isFree ? EXIT.done : EXIT.failed;
}

async function up(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const { directory } = layout;
  const { service } = values;
  if (service !== undefined) {
    await startServices(directory, [service], note);
    answer(place, { started: [service] }, [`${service} runs.`]);
    return EXIT.done;
  }
  const signal = interrupted();
  const say = values.json ? note : print;
  const before = consortiumStatus(directory);
  if (before.state !== 'stopped' && before.state !== 'orphaned') {
    answer(place, { ...before }, [`It is already ${before.state}.`]);
    return EXIT.done;
  }
  assertFounded(hospital, layout);
  const binaries = programs();
  await assertOthersRemember(hospital, layout);
  if (values.foreground) {
    const supervised = {
      name: hospital.consortium.name,
      ...(hospital.file.logs && { logs: hospital.file.logs }),
    };
    const plan = () => planHospital(hospital, layout, binaries);
    return supervise({ consortium: supervised, directory, plan, say, signal });
  }
  say(heading(hospital));
  const without = await start(place, (line) => say(`  ${line}`), signal);
  const status = consortiumStatus(directory);
  if (values.json) answer(place, { ...status, without }, []);
  else {
    process.stdout.write(`\n${statusText(status)}`);
    print(`keys: ${join(directory, hospital.own.name, 'keys.json')}`);
  }
  if (without.length === 0) return EXIT.done;
  note(`${without.join(', ')} did not start: ${SPARE_PEER_REMEDY}`);
  return EXIT.notRunning;
}

/** Returns when all that starts here runs, with the names of what did not start and is not needed for that. */
async function start(
  { path, layout }: Place,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const command = ['hospital', 'up', '--hospital', path];
  const { directory } = layout;
  const running = await startDetached({ configFile: path, directory, command, report, signal });
  running.letGo();
  return running.without;
}

async function backup(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const signal = interrupted();
  const { content, lines } = await backUp({ hospital, layout, report: note }, values, () =>
    start(place, note, signal),
  );
  answer(place, content, lines);
  return EXIT.done;
}

async function restoreFrom(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const { content, lines } = await restore({ hospital, layout, report: note }, values);
  answer(place, content, lines);
  return EXIT.done;
}

/** This release is started in place of the one that runs, with the version of the chaincode that all agreed on. */
async function upgrade(place: Place): Promise<number> {
  const { hospital, layout } = place;
  // What cannot be started stops nothing.
  assertFounded(hospital, layout);
  await assertMargin(hospital);
  takeUpVersion(hospital, layout);
  takeUp(hospital, layout);
  await stopConsortium(layout.directory);
  const status = await up(place);
  // That one returns when everything has ended.
  if (place.values.foreground) return status;
  return (await ordersAgain(hospital)) ? status : EXIT.failed;
}

async function down(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const { service } = values;
  if (service !== undefined) {
    if (service === `orderer-${layout.orderer.id}`) await assertMargin(hospital);
    await stopServices(layout.directory, [service], note);
    answer(place, { stopped: 1 }, [`Stopped ${service}, until \`hospital up --service ${service}\`.`]);
    return EXIT.done;
  }
  const stopped = await stopConsortium(layout.directory);
  answer(place, { stopped }, [stopped === 0 ? 'Nothing was running.' : `Stopped ${stopped} processes.`]);
  return EXIT.done;
}

async function composeAll(place: Place): Promise<number> {
  if (takeUpForCompose(place)) takeUp(place.hospital, place.layout);
  return compose(place, await planHospital(place.hospital, place.layout, programs()));
}

async function completeAll(place: Place): Promise<number> {
  const plan = await planHospital(place.hospital, place.layout, programs());
  return complete(place, plan, interrupted());
}

async function status(place: Place): Promise<number> {
  const { hospital, layout } = place;
  const found = consortiumStatus(layout.directory);
  const readiness = await readinessOf(hospital);
  const waits = readiness.ready ? [] : [`The gateway is not ready: ${readiness.why}`];
  const { serving } = readiness;
  const serves = serving === undefined ? [] : [`The ${serving} of the two peers serves the gateway.`];
  const isLeader = await leadsOrdering(hospital);
  const leader = isLeader ? ['Its orderer leads the others: where all are restarted, restart it last.'] : [];
  const lines = [statusText(found).trimEnd(), ...serves, ...leader, ...waits];
  answer(place, { ...found, readiness, leads: isLeader }, lines);
  const allRun = found.state === 'running' && found.processes.every(({ state }) => state === 'running');
  return allRun && readiness.ready ? EXIT.done : EXIT.notRunning;
}

interface Readiness {
  readonly ready: boolean;
  readonly why: string;
  /** Which of two own peers serves; absent where there is one, or none answers. */
  readonly serving?: string;
}

/** What the gateway says of itself and of the others. */
async function readinessOf(hospital: Hospital): Promise<Readiness> {
  try {
    const { status, text } = await askGateway(hospital, '/readyz');
    const serving = /"serving":"(first|second)"/.exec(text)?.[1];
    return { ready: status === 200, why: text.slice(0, 2000), ...(serving !== undefined && { serving }) };
  } catch (error) {
    return { ready: false, why: `it does not answer (${(error as Error).message})` };
  }
}

function logs(place: Place): number {
  const { values, layout } = place;
  const services = readState(layout.directory)?.services ?? [];
  const supervisor = { name: 'supervisor', log: join(layout.directory, 'logs/supervisor.log') };
  const all = [supervisor, ...services].filter(
    ({ name }) => values.service === undefined || name === values.service,
  );
  if (all.length === 0) {
    const names = ['supervisor', ...services.map(({ name }) => name)].join(', ');
    throw new UsageError(`--service ${values.service} is none of ${names}`);
  }
  const ends = all.map(({ name, log }) => ({ name, log, end: logTail(log) }));
  answer(
    place,
    { logs: ends },
    ends.flatMap(({ name, log, end }) => [`--- ${name} (${log})`, end]),
  );
  return EXIT.done;
}

/** One process after the other. The orderer only where the others keep a quorum without it. */
async function restart(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const { directory } = layout;
  const all = readState(directory)?.services.map(({ name }) => name) ?? [];
  const names =
    values.service === undefined && all.length > 0
      ? withoutStopped(directory, all, note)
      : [values.service ?? ''];
  if (names.includes(`orderer-${layout.orderer.id}`)) await assertMargin(hospital);
  for (const name of names) {
    await restartServices(directory, [name], note);
    const why = await becomeReady(hospital);
    if (why !== undefined) {
      note(`${name} was restarted, and the gateway is not ready: ${why}`);
      return EXIT.failed;
    }
    if (name === `orderer-${layout.orderer.id}` && !(await ordersAgain(hospital))) return EXIT.failed;
  }
  answer(place, { restarted: names }, [`Restarted ${names.length} services.`]);
  return EXIT.done;
}

/** Waits for the own orderer; says so where it does not take part after a while. */
async function ordersAgain(hospital: Hospital): Promise<boolean> {
  const why = await waitUntilItOrders({ look: () => lookAtOrdering(hospital), report: note });
  if (why === undefined) return true;
  note(`the own orderer runs, and takes no part after three minutes: ${why}. ${NEXT_HOSPITAL}`);
  return false;
}
const NEXT_HOSPITAL =
  'Restart no other orderer before something has been committed; docs/operating/channel-stops-committing.md says more';

/** Why the gateway is not ready after a while; undefined where it is. */
async function becomeReady(hospital: Hospital): Promise<string | undefined> {
  for (const deadline = Date.now() + READY_MS; ; await sleep(LOOK_EVERY_MS)) {
    const { ready, why } = await readinessOf(hospital);
    if (ready) return undefined;
    if (Date.now() > deadline) return why;
  }
}

async function doctor(place: Place): Promise<number> {
  const findings = await examine(place.hospital, place.layout);
  answer(place, { findings }, examinationText(findings));
  return findings.some(({ state }) => state === 'wrong') ? EXIT.failed : EXIT.done;
}

const COMMANDS: Readonly<Record<string, (place: Place) => number | Promise<number>>> = {
  init,
  found: foundChannel,
  join: joinOthers,
  agree,
  leave: leaveOthers,
  up,
  down,
  restart,
  status,
  logs,
  doctor,
  expiry,
  renew,
  enrol,
  persons,
  revoke: takeBack,
  probe,
  upgrade,
  units,
  backup,
  restore: restoreFrom,
  compose: composeAll,
  complete: completeAll,
  lists,
};
