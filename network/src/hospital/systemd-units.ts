// Units of systemd for one hospital. One service is the supervisor: it knows the order of the processes, when each is
// ready, and what goes on with the others afterwards, none of which units can say. systemd keeps the supervisor,
// bounds what all of it may do, and says daily when certificates end.
import { InputError } from '@consilium/command-line';

export interface UnitPlace {
  readonly organisation: string;
  /** Of hospital.yaml. */
  readonly file: string;
  readonly folder: string;
  readonly mailbox: string;
  readonly dataFolders: readonly string[];
  /** Files that are read elsewhere, such as those of the gateway's TLS. */
  readonly readFiles: readonly string[];
  readonly user: string;
  /** How `consilium-network` is started: a program and what comes before its arguments. */
  readonly program: readonly string[];
  /** Where Fabric's programs and Kubo are, and what else is found there. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Longer than the supervisor gives its services to end. */
const STOP_SECONDS = 60;

/**
 * Text by file name.
 *
 * @throws InputError for a path or a user's name that no unit can hold
 */
export function systemdUnits(place: UnitPlace): Readonly<Record<string, string>> {
  const { organisation, user } = place;
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(user))
    throw new InputError(`--user ${user} is no name of a user of this system`);
  const name = `consilium-${organisation}`;
  return {
    [`${name}.target`]: unit({
      Unit: [`Description=Consilium at ${organisation}`, `Wants=${name}.service ${name}-expiry.timer`],
      Install: ['WantedBy=multi-user.target'],
    }),
    [`${name}.service`]: service(place, name),
    [`${name}-expiry.service`]: unit({
      Unit: [`Description=When the certificates of ${organisation} end`],
      Service: [
        'Type=oneshot',
        `ExecStart=${command(place, 'expiry')}`,
        `User=${user}`,
        ...hardening(place, 'read'),
      ],
    }),
    [`${name}-expiry.timer`]: unit({
      Unit: [`Description=Daily: when the certificates of ${organisation} end`],
      Timer: ['OnCalendar=daily', 'RandomizedDelaySec=1h', 'Persistent=true'],
      Install: [`WantedBy=${name}.target`],
    }),
    [`${name}.sysusers`]: `u ${user} - "Consilium at ${organisation}" - -\n`,
  };
}

const service = (place: UnitPlace, name: string): string =>
  unit({
    Unit: [
      `Description=Consilium at ${place.organisation}: orderer, peer, chaincode, IPFS, trainer and gateway`,
      'Wants=network-online.target time-sync.target',
      'After=network-online.target time-sync.target',
      `PartOf=${name}.target`,
      'StartLimitIntervalSec=600',
      'StartLimitBurst=5',
    ],
    Service: [
      'Type=exec',
      `ExecStart=${command(place, 'up', '--foreground')}`,
      // One service after the other, each when the one before is ready again.
      `ExecReload=${command(place, 'restart')}`,
      `User=${place.user}`,
      'Restart=on-failure',
      'RestartSec=5',
      // The supervisor ends its processes in their order.
      'KillMode=mixed',
      `TimeoutStopSec=${STOP_SECONDS}`,
      'LimitNOFILE=65536',
      'StandardOutput=journal',
      'StandardError=journal',
      `SyslogIdentifier=${name}`,
      ...hardening(place, 'write'),
    ],
    Install: [`WantedBy=${name}.target`],
  });

/**
 * MemoryDenyWriteExecute is not there: V8 makes code while it runs. Processes that read graphs of others contain
 * themselves besides, with limits that need no privilege.
 */
const hardening = (
  { folder, mailbox, dataFolders, readFiles, environment }: UnitPlace,
  access: 'read' | 'write',
) => [
  ...Object.entries(environment).map(([name, value]) => `Environment=${word(`${name}=${value}`)}`),
  'UMask=0077',
  'NoNewPrivileges=yes',
  'CapabilityBoundingSet=',
  'AmbientCapabilities=',
  'ProtectSystem=strict',
  'ProtectHome=tmpfs',
  `${access === 'write' ? 'BindPaths' : 'BindReadOnlyPaths'}=${[folder, mailbox].map(word).join(' ')}`,
  `BindReadOnlyPaths=${[...dataFolders, ...readFiles].map((path) => word(`-${path}`)).join(' ')}`,
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'PrivateIPC=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
  'RemoveIPC=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'KeyringMode=private',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  // Limits stay: each process sets its own.
  'SystemCallFilter=~@privileged',
  'SystemCallErrorNumber=EPERM',
];

const command = ({ program, file }: UnitPlace, verb: string, ...more: string[]): string =>
  [...program, 'hospital', verb, '--hospital', file, ...more]
    .map((one) => word(one.replaceAll('$', '$$$$')))
    .join(' ');

/**
 * One word of a unit's line, with nothing in it that systemd would read.
 *
 * @throws InputError where it has control characters, which end lines
 */
function word(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  if (/[\u0000-\u001f\u007f]/.test(text))
    throw new InputError(`${JSON.stringify(text)} has control characters`);
  const escaped = text.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[A-Za-z0-9/._:=@%+$-]+$/.test(text) ? escaped : `"${escaped}"`;
}

const unit = (sections: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
