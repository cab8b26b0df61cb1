// The one process that owns a consortium's processes: starts them stage by stage, writes down what runs, and
// stops everything when `stop` is called, when a stage fails, or when the process that started it goes away.
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consortium } from './config.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits, rotateLog } from './log-rotation.ts';
import { endProcess, identify, isRunning } from './process-identity.ts';
import type { Plan, ServiceChange, Stage } from './runtime.ts';
import {
  leftovers,
  SERVICE_OPTIONS,
  Service,
  type ServiceDefinition,
  type ServiceOptions,
} from './service.ts';
import { type ConsortiumState, readState, removeState, writeState, writeWhole } from './state-file.ts';
import { type Control, listenForControl } from './supervisor-control.ts';

const LOOK_AT_LOGS_EVERY_MS = 1_000;
const COMPLETE_AGAIN_AFTER_MS = 5_000;

export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

export interface SupervisorOptions {
  readonly consortium: Pick<Consortium, 'name' | 'logs'>;
  readonly directory: string;
  readonly report: (line: string) => void;
  readonly plan: () => Promise<Plan>;
  /** Called once with the names of the services, when everything runs for the first time. */
  readonly started?: (services: readonly string[]) => void;
  readonly service?: Partial<ServiceOptions>;
  readonly lookAtLogsEveryMs?: number;
}

/** Lists of folders, such as those of trainers' data, have colons between them. @throws Error saying what to do */
function checkDirectory(directory: string): void {
  if (!directory.includes(delimiter)) return;
  throw new Error(
    `${directory} has a ${delimiter} in its name, which parts lists of folders: rename it, or move it`,
  );
}

const limitsOf = ({ logs }: Pick<Consortium, 'logs'>): LogLimits => ({
  maxBytes: logs?.maxMebibytes === undefined ? DEFAULT_LOG_LIMITS.maxBytes : logs.maxMebibytes * 1024 * 1024,
  files: logs?.files ?? DEFAULT_LOG_LIMITS.files,
});

/** Ends what an earlier supervisor that was killed left running. Returns how many processes it ended. */
export async function endLeftovers(state: ConsortiumState, graceMs: number): Promise<number> {
  const running = leftovers(state.services).reverse();
  const ended = await Promise.all(
    running.map(async (record) => endProcess(record.process!, { graceMs, group: true })),
  );
  return ended.filter((how) => how !== 'absent').length;
}

interface Attempts {
  readonly services: readonly Service[];
  /** In their order. */
  readonly results: readonly PromiseSettledResult<void>[];
}

const secondsSince = (begunMs: number): string => ((Date.now() - begunMs) / 1000).toFixed(1);

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #startedAt = new Date().toISOString();
  #phase: ConsortiumState['phase'] = 'starting';
  #services: Service[] = [];
  readonly #stages: Stage[] = [];
  readonly #without: string[] = [];
  #stopping: Promise<void> | null = null;
  #lock: DirectoryLock | undefined;
  readonly #interrupted = new AbortController();
  #lookingAtLogs: NodeJS.Timeout | undefined;
  readonly #unrotated = new Set<string>();
  #control: Control | undefined;
  #restarting: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Starts every stage. When one fails, what was started is stopped before the error is thrown.
   *
   * @throws AlreadyRunningError, DirectoryLockedError where another supervisor has the directory.
   */
  async start(): Promise<Plan> {
    const { directory, report, plan: makePlan } = this.#options;
    checkDirectory(directory);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const before = readState(directory);
    if (before !== undefined && before.supervisor.pid !== process.pid && isRunning(before.supervisor)) {
      throw new AlreadyRunningError(`${before.name} is already running in ${directory}`);
    }
    this.#lock = lockDirectory(directory);
    let plan: Plan;
    try {
      if (before !== undefined) {
        const ended = await endLeftovers(before, SERVICE_OPTIONS.graceMs);
        if (ended > 0) report(`ended ${ended} processes that an interrupted run had left behind`);
        removeState(directory);
      }
      plan = await makePlan();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#record();
    const { lookAtLogsEveryMs = LOOK_AT_LOGS_EVERY_MS } = this.#options;
    this.#lookingAtLogs = setInterval(() => this.#rotateLogs(), lookAtLogsEveryMs).unref();
    try {
      for (const stage of plan.stages) {
        const begun = Date.now();
        const { started, absent } = await this.#startStage(stage);
        const apart = this.#stopping === null ? await this.#completeStage(stage, started) : [];
        if (this.#stopping !== null) throw new Error('stopped while it started');
        for (const service of absent)
          void service.keepTrying().then(() => this.#completeLater(service, stage));
        for (const service of apart) void this.#completeLater(service, stage);
        const without = [...absent, ...apart].map(({ definition }) => definition.name);
        this.#without.push(...without);
        const rest = without.length > 0 ? `, without ${without.join(', ')}` : '';
        report(`${stage.title} ready (${secondsSince(begun)} s)${rest}`);
      }
      this.#options.started?.(this.#services.map(({ definition }) => definition.name));
      this.#phase = 'running';
      writeWhole(join(directory, 'consortium.json'), `${JSON.stringify(plan.addresses, null, 2)}\n`);
      this.#record();
      this.#control = await listenForControl(directory, {
        restart: (names, say) => this.restart(names, say),
        stop: (names, say) => this.stopSome(names, say),
        start: (names, say) => this.startSome(names, say),
        report,
      });
      if (plan.afterwards !== undefined) this.#goOn(plan.afterwards);
      return plan;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** @throws ServiceFailedError of one that the stage needs */
  async #startStage(
    stage: Stage,
  ): Promise<{ readonly started: readonly Service[]; readonly absent: readonly Service[] }> {
    const services = stage.services.map((definition) => this.#serviceOf(definition));
    this.#services.push(...services);
    this.#stages.push(stage);
    const results = await Promise.allSettled(services.map((service) => service.start()));
    const absent = this.#spared(stage, { services, results });
    return { started: services.filter((service) => !absent.includes(service)), absent };
  }

  /** Those that failed, which are said. @throws what the first failed with, where the stage cannot do without it */
  #spared({ oneIsEnough }: Stage, { services, results }: Attempts): Service[] {
    const failures = results.flatMap((result, at) =>
      result.status === 'rejected' ? [{ service: services[at]!, reason: result.reason as Error }] : [],
    );
    const [first] = failures;
    if (first === undefined) return [];
    if (oneIsEnough === undefined || failures.length === services.length) throw first.reason;
    return failures.map(({ service, reason }) => {
      if (this.#stopping === null)
        this.#options.report(
          `${service.definition.name} does not start: ${oneIsEnough.remedy}\n${reason.message}`,
        );
      return service;
    });
  }

  /**
   * What is done once a stage is ready; for each service by itself where one is enough. Returns those for which it
   * failed, as it does for one that ended again. @throws Error where it failed for what the stage needs
   */
  async #completeStage(stage: Stage, services: readonly Service[]): Promise<Service[]> {
    if (stage.oneIsEnough === undefined) {
      await this.#complete(stage, services);
      return [];
    }
    const results = await Promise.allSettled(services.map((service) => this.#complete(stage, [service])));
    return this.#spared(stage, { services, results });
  }

  /** For which services a stage is completed when this one was started again. */
  #togetherWith(service: Service, { services, oneIsEnough }: Stage): Service[] {
    if (oneIsEnough !== undefined) return [service];
    const names = services.map(({ name }) => name);
    return this.#services.filter(({ definition }) => names.includes(definition.name));
  }

  async #complete({ complete }: Stage, services: readonly Service[]): Promise<void> {
    const names = services.map(({ definition }) => definition.name);
    await complete?.(this.#interrupted.signal, this.#options.report, names);
  }

  /** Of one that did not start with the others, until it succeeds. */
  async #completeLater(service: Service, stage: Stage): Promise<void> {
    const { signal } = this.#interrupted;
    const { name } = service.definition;
    let said = '';
    while (!service.isStopped && !signal.aborted) {
      try {
        await this.#complete(stage, [service]);
        return this.#options.report(`${name} runs now`);
      } catch (error) {
        const { message } = error as Error;
        if (!signal.aborted && message !== said)
          this.#options.report(`${name} takes no part yet: ${message}`);
        said = message;
      }
      await sleep(COMPLETE_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Names of services that did not start, though the others did. */
  get without(): readonly string[] {
    return this.#without;
  }

  /**
   * Restarts services one after the other, each when the one before is ready again: all in the order of their start
   * where none is named. One call waits for the one before.
   *
   * @throws Error naming services that are none; ServiceFailedError, and nothing further is restarted.
   */
  restart(names: readonly string[], say: (line: string) => void): Promise<void> {
    return this.#inTurn(names, async (service) => {
      const begun = Date.now();
      await service.restart();
      say(`${service.definition.name} was restarted and is ready (${secondsSince(begun)} s)`);
    });
  }

  /** Ends services one after the other; they stay down until `startSome`. @throws Error as restart */
  stopSome(names: readonly string[], say: (line: string) => void): Promise<void> {
    return this.#inTurn(names, async (service) => {
      await service.stop();
      say(`${service.definition.name} was stopped`);
    });
  }

  /**
   * Starts those of the services that were stopped, and completes their stages again: the disk of one may be another
   * one since. @throws Error as restart, and of what completes the stage, though the service runs then
   */
  startSome(names: readonly string[], say: (line: string) => void): Promise<void> {
    return this.#inTurn(names, async (before) => {
      const { definition, record } = before;
      if (!before.isStopped) return say(`${definition.name} is ${record.state} already`);
      const begun = Date.now();
      const service = this.#serviceOf(definition);
      this.#services[this.#services.indexOf(before)] = service;
      try {
        await service.start();
      } catch (error) {
        // Nothing would start it again by itself.
        await service.stop();
        throw error;
      }
      const [stage] = this.#stages.filter(({ services }) =>
        services.some(({ name }) => name === definition.name),
      );
      if (stage !== undefined) await this.#complete(stage, this.#togetherWith(service, stage));
      say(`${definition.name} was started and is ready (${secondsSince(begun)} s)`);
    });
  }

  /** @throws ServiceFailedError, and nothing further is replaced */
  async change({ ends, replaces }: ServiceChange): Promise<void> {
    const say = this.#options.report;
    const names = replaces.map(({ name }) => name);
    const replace = async (service: Service) => {
      const begun = Date.now();
      const { name } = service.definition;
      const next = replaces.find((one) => one.name === name)!;
      if (service.isStopped) {
        await this.#putStopped(next, service);
        return say(`${name} is stopped, and is replaced once it is started`);
      }
      await service.restart(next);
      say(`${name} was replaced and is ready (${secondsSince(begun)} s)`);
    };
    const end = async (service: Service) => {
      await service.stop();
      this.#services = this.#services.filter((one) => one !== service);
      this.#record();
      say(`${service.definition.name} was stopped: it is not needed any more`);
    };
    // No name is all of them.
    if (names.length > 0) await this.#inTurn(names, replace);
    if (ends.length > 0) await this.#inTurn(ends, end);
  }

  /** In the place of one that is stopped, and stopped itself. */
  async #putStopped(definition: ServiceDefinition, before: Service): Promise<void> {
    const service = this.#serviceOf(definition);
    this.#services[this.#services.indexOf(before)] = service;
    await service.stop();
  }

  #inTurn(names: readonly string[], work: (service: Service) => Promise<void>): Promise<void> {
    const done = this.#restarting.then(async () => {
      const known = this.#services.map(({ definition }) => definition.name);
      const unknown = names.filter((name) => !known.includes(name));
      if (unknown.length > 0)
        throw new Error(`no service ${unknown.join(', ')}: write some of ${known.join(', ')}`);
      for (const name of names.length === 0 ? known : names) {
        if (this.#stopping !== null) throw new Error('stopped while services were restarted');
        await work(this.#services.find(({ definition }) => definition.name === name)!);
      }
    });
    this.#restarting = done.catch(() => undefined);
    return done;
  }

  #serviceOf(definition: ServiceDefinition): Service {
    return new Service(definition, {
      ...SERVICE_OPTIONS,
      ...this.#options.service,
      changed: () => this.#record(),
      report: this.#options.report,
    });
  }

  #goOn(afterwards: NonNullable<Plan['afterwards']>): void {
    const { report } = this.#options;
    const { signal } = this.#interrupted;
    afterwards({ signal, report, change: (change) => this.change(change) }).catch((error: Error) => {
      if (!signal.aborted) report(error.message);
    });
  }

  /** Stops everything, the last started first. Safe to call at any time and more than once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopping';
    this.#control?.close();
    this.#interrupted.abort(new Error('stopped while it started'));
    this.#record();
    for (const group of inReverseStages(this.#services)) {
      await Promise.all(group.map((service) => service.stop()));
    }
    clearInterval(this.#lookingAtLogs);
    this.#services = [];
    if (existsSync(this.#options.directory)) removeState(this.#options.directory);
    this.#lock?.release();
  }

  #rotateLogs(): void {
    const limits = limitsOf(this.#options.consortium);
    const logs = this.#services.map((service) => service.definition.log);
    for (const log of [join(this.#options.directory, 'logs/supervisor.log'), ...logs]) {
      try {
        rotateLog(log, limits);
        this.#unrotated.delete(log);
      } catch (error) {
        if (this.#unrotated.has(log)) continue;
        this.#unrotated.add(log);
        this.#options.report(`${log} cannot be moved on and grows: ${(error as Error).message}`);
      }
    }
  }

  #record(): void {
    const { consortium, directory } = this.#options;
    writeState(directory, {
      version: 1,
      name: consortium.name,
      phase: this.#phase,
      startedAt: this.#startedAt,
      supervisor: identify(process.pid)!,
      services: this.#services.map((service) => service.record),
    });
  }
}

/** Services of one kind (`gateway-…`) stop together, kinds in the reverse of their start. */
function inReverseStages(services: readonly Service[]): Service[][] {
  const kinds = new Map<string, Service[]>();
  for (const service of services) {
    const kind = service.definition.name.split('-')[0]!;
    kinds.set(kind, [...(kinds.get(kind) ?? []), service]);
  }
  return [...kinds.values()].reverse();
}
