// Where webhooks may go. A caller names an address that the gateway then asks, from inside the hospital's network: so
// only hosts of the operator's own list are asked, over TLS alone, and at no address of this machine or of its link
// unless the operator allows it. What a name resolves to is looked at for each connection, and the connection goes to
// that very address: a name cannot change between the two.
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { isListed, proxyList } from '../http/connection-limits.ts';

/** Never asked, whatever is allowed: addresses of the link and of clouds' own services, of nobody, and of many. */
const NEVER = proxyList([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '100.100.100.200',
  '::',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  'fd00:ec2::254',
]);
const LOOPBACK = proxyList(['127.0.0.0/8', '::1']);
/** An IPv4 address inside: NAT64, 6to4, Teredo and the deprecated forms. Whom they reach is the network's matter. */
const TRANSLATED = proxyList(['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32', '::/96']);

const MAPPED = /^::ffff:(?:0:)?([0-9.]+|[0-9a-f]{1,4}:[0-9a-f]{1,4})$/i;

/** What a target must be, by the operator's settings. */
export interface WebhookTargets {
  /** `host:port`, in lower case. */
  readonly hosts: ReadonlySet<string>;
  /** Addresses that may be asked although they are this machine's. */
  readonly allowed: BlockList;
}

/** Nothing may be registered. */
export const NO_TARGETS: WebhookTargets = { hosts: new Set(), allowed: new BlockList() };

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;

/**
 * Reads `host` and `host:port`, with commas between them; port 443 where none is named.
 *
 * @throws Error naming what is neither
 */
export function targetHosts(text: string): Set<string> {
  const entries = text.split(',').flatMap((one) => one.trim().toLowerCase() || []);
  return new Set(
    entries.map((entry) => {
      const found = HOST.exec(entry);
      const port = Number(found?.[1] ?? 443);
      if (found === null || port < 1 || port > 65535) {
        throw new Error(`"${entry.slice(0, 80)}" is no host such as siem.hospital.example or [::1]:8443`);
      }
      return found[1] === undefined ? `${entry}:443` : entry;
    }),
  );
}

/** What is wrong with an address that somebody wants to register; undefined where nothing is. */
export function refusalOfTarget(text: string, { hosts }: Pick<WebhookTargets, 'hosts'>): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'url is no address such as https://siem.hospital.example/consilium';
  if (url.protocol !== 'https:') return 'url must begin with https:';
  if (url.username !== '' || url.password !== '') return 'url must have no user and no password in it';
  if (url.hash !== '') return 'url must have no fragment';
  const host = hostOf(url);
  if (hosts.has(host)) return undefined;
  return `${host} is not one of the hosts that the operator allows (CONSILIUM_WEBHOOK_TARGETS)`;
}

/** `host:port` of an address. */
export const hostOf = (url: URL): string => `${url.hostname}:${url.port === '' ? '443' : url.port}`;

/** Why an address is not asked; undefined where it may be. */
export function refusalOfAddress(address: string, allowed: BlockList): string | undefined {
  // An IPv4 address written as one of IPv6 is that IPv4 address.
  const [, inner] = MAPPED.exec(address) ?? [];
  if (inner !== undefined) return refusalOfAddress(ipv4Of(inner), allowed);
  if (isIP(address) === 0) return `${address} is no address`;
  if (isListed(NEVER, address)) return `${address} is an address of the link, or of nobody`;
  if (isListed(LOOPBACK, address)) {
    return isListed(allowed, address) ? undefined : `${address} is this machine (CONSILIUM_WEBHOOK_LOOPBACK)`;
  }
  if (isListed(TRANSLATED, address)) return `${address} leads to another address`;
  return undefined;
}

function ipv4Of(text: string): string {
  if (text.includes('.')) return text;
  const [high = 0, low = 0] = text.split(':').map((part) => Number.parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Addresses of a name, as the system finds them. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Asks the system's resolver. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * The address to connect to. Where one address of a name is refused the name is: somebody plays with it.
 *
 * @throws Error that says what is wrong, without more than the name and the address
 */
export async function addressOf(
  hostname: string,
  allowed: BlockList,
  resolve: Resolve = systemResolve,
): Promise<string> {
  const host = hostname.replaceAll(/[[\]]/g, '');
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  for (const address of addresses) {
    const refusal = refusalOfAddress(address, allowed);
    if (refusal !== undefined) throw new Error(`${host} is not asked: ${refusal}`);
  }
  const [first] = addresses;
  if (first === undefined) throw new Error(`${host} has no address`);
  return first;
}
