// What runs, as the operating system says it now, not as it was written down.
import { basename } from 'node:path';
import { genesisSha256Of } from './genesis-digest.ts';
import { isRunning, residentBytes } from './process-identity.ts';
import { readState, type ServiceRecord } from './state-file.ts';
import { bytesText, durationText, tableLines } from './text-table.ts';
import { type WitnessedHistory, witnessedIn, witnessedLines } from './witnessed.ts';

export interface ProcessStatus {
  readonly name: string;
  readonly organisation: string | null;
  /** As the supervisor sees it; `gone` where the process is no longer there. */
  readonly state: ServiceRecord['state'] | 'gone';
  readonly pid: number | null;
  readonly port: number | null;
  readonly url: string | null;
  readonly residentBytes: number | null;
  readonly uptimeSeconds: number | null;
  readonly restarts: number;
  readonly lastExit: string | null;
  readonly log: string | null;
}

export interface ConsortiumStatus {
  readonly directory: string;
  readonly name: string | null;
  /** `orphaned`: the supervisor was killed and some of its processes still run. */
  readonly state: 'stopped' | 'starting' | 'running' | 'stopping' | 'orphaned';
  readonly residentBytes: number;
  /** The digest of the channel's block 0; null where there is no ledger yet. */
  readonly genesisSha256: string | null;
  /** By whom the history of each gateway here is witnessed. */
  readonly witnessed: readonly WitnessedHistory[];
  readonly processes: readonly ProcessStatus[];
}

export function consortiumStatus(directory: string, now = new Date()): ConsortiumStatus {
  const state = readState(directory);
  const genesisSha256 = genesisSha256Of(directory);
  if (state === undefined) {
    const nothing = { residentBytes: 0, genesisSha256, witnessed: [], processes: [] };
    return { directory, name: null, state: 'stopped', ...nothing };
  }
  const supervised = isRunning(state.supervisor);
  const supervisor: ServiceRecord = {
    name: 'supervisor',
    organisation: null,
    state: 'running',
    process: state.supervisor,
    port: null,
    url: null,
    log: '',
    startedAt: state.startedAt,
    restarts: 0,
    lastExit: null,
  };
  const processes = [supervisor, ...state.services].map((record) => statusOf(record, { supervised, now }));
  const gateways = state.services.flatMap(({ name, organisation }) =>
    organisation !== null && name === `gateway-${organisation}` ? [organisation] : [],
  );
  const alive = processes.some(({ pid }) => pid !== null);
  return {
    directory,
    name: state.name,
    state: supervised ? state.phase : alive ? 'orphaned' : 'stopped',
    residentBytes: processes.reduce((sum, { residentBytes: bytes }) => sum + (bytes ?? 0), 0),
    genesisSha256,
    witnessed: witnessedIn(directory, gateways),
    processes,
  };
}

function statusOf(
  record: ServiceRecord,
  { supervised, now }: { readonly supervised: boolean; readonly now: Date },
): ProcessStatus {
  const alive = record.process !== null && isRunning(record.process);
  const uptime = record.startedAt === null ? null : (now.getTime() - Date.parse(record.startedAt)) / 1000;
  return {
    name: record.name,
    organisation: record.organisation,
    state: alive || (supervised && record.process === null) ? record.state : 'gone',
    pid: alive ? record.process!.pid : null,
    port: record.port,
    url: record.url,
    residentBytes: alive ? (residentBytes(record.process!.pid) ?? null) : null,
    uptimeSeconds: alive ? uptime : null,
    restarts: record.restarts,
    lastExit: record.lastExit,
    log: record.log === '' ? null : record.log,
  };
}

/** For people. Leaders: the orderers that say they lead; undefined where nobody was asked. */
export function statusText(status: ConsortiumStatus, leaders?: readonly string[]): string {
  if (status.processes.length === 0) return `Nothing is running in ${status.directory}.\n`;
  const rows = status.processes.map((one) => [
    one.name,
    one.state,
    one.pid === null ? '' : String(one.pid),
    one.port === null ? '' : String(one.port),
    one.residentBytes === null ? '' : bytesText(one.residentBytes),
    one.uptimeSeconds === null ? '' : durationText(one.uptimeSeconds),
    one.restarts === 0 ? '' : `${one.restarts} restarts`,
    one.url ?? (one.log === null ? '' : basename(one.log)),
  ]);
  const lines = tableLines(
    [
      { title: 'process' },
      { title: 'state' },
      { title: 'pid', align: 'right' },
      { title: 'port', align: 'right' },
      { title: 'memory', align: 'right' },
      { title: 'up', align: 'right' },
      { title: '' },
      { title: 'url or log' },
    ],
    rows,
  );
  const orphaned =
    status.state === 'orphaned'
      ? ['The supervisor was killed: `down` ends what is left, `up` starts all of it again.']
      : [];
  return [
    `${status.name}: ${status.state}, ${bytesText(status.residentBytes)} of memory (${status.directory})`,
    '',
    ...lines,
    ...(status.genesisSha256 === null ? [] : ['', `genesis block: ${status.genesisSha256}`]),
    ...witnessedLines(status.witnessed),
    ...(leaders === undefined ? [] : ['', leaderLine(leaders)]),
    ...orphaned,
    '',
  ].join('\n');
}

const leaderLine = (leaders: readonly string[]): string =>
  leaders.length === 0
    ? 'no orderer leads: nothing is ordered until they have elected one'
    : `leading orderer: ${leaders.join(', ')}`;
