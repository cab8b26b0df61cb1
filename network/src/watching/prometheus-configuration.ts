// What Prometheus reads to watch a network of this machine: where each part says its figures. Every listener is on the
// loopback interface; a Prometheus elsewhere needs a proxy with TLS in front of them.
import type { Consortium } from '../config.ts';

const LOOPBACK = '127.0.0.1';
/** Kubo's, beside its API. */
const KUBO_METRICS_PATH = '/debug/metrics/prometheus';

interface Target {
  readonly job: string;
  readonly part: string;
  readonly port: number;
  readonly organisation?: string;
}

function* targetsOf(consortium: Consortium, ports: Readonly<Record<string, number>>): Generator<Target> {
  const native = consortium.runtime === 'native';
  for (const { name: organisation } of consortium.organisations) {
    for (const job of ['gateway', 'trainer'] as const) {
      const part = `${job}-${organisation}`;
      const port = ports[part];
      if (port !== undefined) yield { job, part, port, organisation };
    }
    const operations = ports[`peer-operations-${organisation}`];
    if (native && operations !== undefined) {
      yield { job: 'peer', part: `peer-${organisation}`, port: operations, organisation };
    }
  }
  if (!native) return;
  for (const [name, port] of Object.entries(ports)) {
    const id = /^orderer-operations-(\d+)$/.exec(name)?.[1];
    if (id !== undefined) yield { job: 'orderer', part: `orderer-${id}`, port };
  }
}

export interface WatchedNetwork {
  readonly consortium: Consortium;
  /** By the names of `ports.json`. */
  readonly ports: Readonly<Record<string, number>>;
  /** Whether IPFS is Kubo, which has figures; its stand-in has none. */
  readonly kubo: boolean;
}

/** prometheus.yml, as data. Its rules are `alerts.yml` in the same folder. */
export function prometheusConfiguration({ consortium, ports, kubo }: WatchedNetwork) {
  const ipfs = ports.ipfs;
  const targets = [
    ...targetsOf(consortium, ports),
    ...(kubo && ipfs !== undefined ? [{ job: 'ipfs', part: 'ipfs-kubo', port: ipfs }] : []),
  ];
  const jobs = [...new Set(targets.map(({ job }) => job))];
  return {
    global: {
      scrape_interval: '15s',
      evaluation_interval: '15s',
      external_labels: { consortium: consortium.name },
    },
    rule_files: ['alerts.yml'],
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      ...(job === 'ipfs' && { metrics_path: KUBO_METRICS_PATH }),
      static_configs: targets
        .filter((target) => target.job === job)
        .map(({ part, port, ...rest }) => ({
          targets: [`${LOOPBACK}:${port}`],
          labels: {
            part,
            ...('organisation' in rest &&
              rest.organisation !== undefined && { organisation: rest.organisation }),
          },
        })),
    })),
  };
}
