// Who used the processors during a part of the flood bench, and who comes first: a member that floods has a machine of
// its own in the world, so that here its processes get what the others leave. Linux only; elsewhere nothing is known.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Ticks of a second in /proc, on every Linux that Node runs on. */
const TICKS = 100;

/** A service by the process that leads its group. */
export interface Leader {
  readonly name: string;
  readonly pid: number;
}

export interface ProcessorTime {
  readonly atMs: number;
  /** Seconds of the processors, of each group and of the whole machine. */
  readonly groups: ReadonlyMap<string, number>;
  readonly machine: number;
}

const fieldsOf = (pid: string): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces: the state is the first field after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** Seconds of all processors that were not idle, nor taken by the machine's host. */
function machineSeconds(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0] = first
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + soft) / TICKS;
}

/** What every leader's group has used since it began, with its children that have ended. */
export function processorTime(leaders: readonly Leader[]): ProcessorTime | undefined {
  if (!existsSync('/proc/stat')) return undefined;
  const names = new Map(leaders.map(({ name, pid }) => [String(pid), name]));
  const groups = new Map<string, number>();
  const [beganMs, before] = [performance.now(), machineSeconds()];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = fieldsOf(pid);
      const name = names.get(fields[2]!) ?? names.get(pid);
      if (name === undefined) continue;
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      groups.set(name, (groups.get(name) ?? 0) + ticks / TICKS);
    } catch {
      // It ended meanwhile.
    }
  }
  // Reading all processes takes a while on a busy machine.
  const atMs = (beganMs + performance.now()) / 2;
  return { atMs, groups, machine: (before + machineSeconds()) / 2 };
}

export const ELSE = 'everything else';

/** Processors in use on average between two times, by service, and by whatever else the machine does. */
export function processorsBetween(
  from: ProcessorTime | undefined,
  to: ProcessorTime | undefined,
): Readonly<Record<string, number>> | undefined {
  if (from === undefined || to === undefined) return undefined;
  const seconds = (to.atMs - from.atMs) / 1000;
  const used = new Map([...to.groups].map(([name, time]) => [name, time - (from.groups.get(name) ?? 0)]));
  const own = [...used.values()].reduce((sum, time) => sum + time, 0);
  const all = [...used, [ELSE, to.machine - from.machine - own] as const];
  return Object.fromEntries(all.map(([name, time]) => [name, Number((time / seconds).toFixed(2))]));
}

/**
 * Gives a process a priority (as of `nice`) in the whole machine: each of its threads within its session, and its
 * session among the others, which Linux treats as one each.
 *
 * @throws Error of the system for a priority that takes rights which this process does not have
 */
export function prioritise(pid: number, priority: number): void {
  const tasks = `/proc/${pid}/task`;
  for (const thread of existsSync(tasks) ? readdirSync(tasks).map(Number) : [pid]) {
    try {
      setPriority(thread, priority);
    } catch (error) {
      // It ended meanwhile.
      if ((error as { info?: { code?: string } }).info?.code !== 'ESRCH') throw error;
    }
  }
  const session = `/proc/${pid}/autogroup`;
  if (existsSync(session)) writeFileSync(session, String(priority));
}
