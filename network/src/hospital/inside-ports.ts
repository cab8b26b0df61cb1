// The ports of one host: those that all agreed on, and those inside it, of which hospital.yaml may name others. Two
// programs that listen to one port at one address cannot both start.
import { type Found, lineOf, type Path, pathText } from '../yaml-document.ts';
import { type AgreedConsortium, type AgreedOrganisation, portsOf } from './agreed-consortium.ts';

const ALL_ADDRESSES = '0.0.0.0';
const LOOPBACK = '127.0.0.1';

/** Ports inside the host: nothing of another host reaches them. */
export const INSIDE_PORTS = {
  gateway: 8080,
  trainer: 8081,
  ipfs: 5001,
  ipfsSwarm: 7061,
  ordererAdmin: 7053,
  ordererOperations: 7055,
  peerChaincode: 7052,
  peerOperations: 7056,
  /** Of the second peer, where there is one. */
  peer1Chaincode: 7057,
  peer1Operations: 7058,
  chaincode: 7070,
  identityAuthority: 7071,
  tlsAuthority: 7072,
  /** Of the next version, while all go from one to the next. */
  chaincodeNext: 7073,
  /** The first of a row, one for each other hospital. */
  links: 7100,
} as const;
export type InsidePort = keyof typeof INSIDE_PORTS;

const OF_SECOND_PEER: readonly string[] = ['peer1Chaincode', 'peer1Operations'] satisfies InsidePort[];
const OF_OWN_AUTHORITIES: readonly string[] = ['identityAuthority', 'tlsAuthority'] satisfies InsidePort[];

/** What of hospital.yaml says who listens where. */
interface OwnPorts {
  readonly ports?: Readonly<Partial<Record<InsidePort, number>>>;
  readonly listen?: string;
  readonly ca?: object;
  readonly gateway?: { readonly listen?: string };
}

interface Agreed {
  readonly consortium: Pick<AgreedConsortium, 'organisations'>;
  readonly own: AgreedOrganisation;
}

interface Listener {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly file: 'hospital.yaml' | 'consortium.yaml';
  /** In its file, whether it is written there or not. */
  readonly path: Path;
  readonly isWritten: boolean;
}

/** Two listeners of one host with the same port. */
export interface SharedPort extends Found {
  /** Where the path leads. */
  readonly file: Listener['file'];
  /** They listen at addresses that differ. */
  readonly canWork: boolean;
}

/**
 * Every port that two would listen to. Those that all agreed on are compared among each other where they are read.
 *
 * @param agreed absent while only hospital.yaml is known
 */
export function sharedPorts(file: OwnPorts, agreed?: Agreed): SharedPort[] {
  const listeners = [
    ...(agreed === undefined ? [] : agreedListeners(file, agreed)),
    ...insideOf(file, agreed),
  ];
  return listeners.flatMap((one, at) => {
    const others = listeners
      .slice(0, at)
      .filter(({ port, ...other }) => port === one.port && !(isAgreed(one) && isAgreed(other)));
    const other = others.find(({ address }) => overlap(address, one.address)) ?? others[0];
    return other === undefined ? [] : [shared(one, other)];
  });
}

const isAgreed = ({ file }: Pick<Listener, 'file'>): boolean => file === 'consortium.yaml';
const overlap = (one: string, other: string): boolean =>
  one === other || one === ALL_ADDRESSES || other === ALL_ADDRESSES;

function agreedListeners({ listen = ALL_ADDRESSES }: OwnPorts, { consortium, own }: Agreed): Listener[] {
  const at = consortium.organisations.indexOf(own);
  return Object.entries(portsOf(own)).map(([name, port]) => ({
    ...{ name, port, address: listen, file: 'consortium.yaml', path: ['organisations', at, 'ports', name] },
    isWritten: own.ports?.[name as keyof typeof own.ports] !== undefined,
  }));
}

function insideOf(file: OwnPorts, agreed: Agreed | undefined): Listener[] {
  const { ports, ca, gateway } = file;
  const hasSecondPeer = agreed?.own.ports?.peer1 !== undefined;
  return Object.entries({ ...INSIDE_PORTS, ...ports }).flatMap(([name, port]): Listener[] => {
    const isWritten = ports?.[name as InsidePort] !== undefined;
    if (!isWritten && !hasSecondPeer && OF_SECOND_PEER.includes(name)) return [];
    if (ca !== undefined && OF_OWN_AUTHORITIES.includes(name)) return [];
    const address = name === 'gateway' ? (gateway?.listen ?? LOOPBACK) : LOOPBACK;
    const one: Listener = { name, port, address, file: 'hospital.yaml', path: ['ports', name], isWritten };
    return name === 'links' && agreed !== undefined ? rowOf(one, agreed) : [one];
  });
}

/** A link to each other organisation, by its place in consortium.yaml. */
const rowOf = (links: Listener, { consortium: { organisations }, own }: Agreed): Listener[] =>
  organisations.flatMap((one, at) => (one === own ? [] : [{ ...links, port: links.port + at }]));

/** It is said where somebody wrote a port, and in hospital.yaml sooner: that file is this hospital's alone. */
function shared(one: Listener, other: Listener): SharedPort {
  const isOther = !one.isWritten && other.isWritten;
  const [place, taken] = isOther ? [other, one] : [one, other];
  const canWork = !overlap(one.address, other.address);
  const { file, path, port } = place;
  const remedy =
    file === 'hospital.yaml'
      ? 'give each its own port'
      : `write another \`${taken.name}\` under \`ports\` in hospital.yaml, or agree on another port`;
  const text = isRow(place)
    ? `has ${port} in its row, as is ${wordsOf(taken)}`
    : `is ${port}, as is ${wordsOf(taken)}`;
  return { file, path, text, remedy, canWork };
}

const isRow = ({ name, file }: Listener): boolean => name === 'links' && !isAgreed({ file });
const wordsOf = (one: Listener): string =>
  isAgreed(one) ? `${one.name} in consortium.yaml` : isRow(one) ? 'one of links' : one.name;

/**
 * A sentence for each agreed port that is taken inside a host by default: what its hospital.yaml says is not known to
 * the others.
 */
export function defaultsTaken(consortium: AgreedConsortium, text: string): string[] {
  return consortium.organisations.flatMap((own) =>
    sharedPorts({}, { consortium, own }).map(({ path, text: is }) => {
      const line = lineOf(text, path);
      const where = `${pathText(path)}${line === undefined ? '' : ` (line ${line})`}`;
      return (
        `Ports: ${where} ${is} inside the host by default. ${own.mspId} has to write another there under \`ports\` ` +
        'in its hospital.yaml; or agree on another port.'
      );
    }),
  );
}

/** Those of an own host that work only since their addresses differ, or that there are none. */
export function portsText(hospital: Agreed & { readonly file: OwnPorts }): string[] {
  const shared = sharedPorts(hospital.file, hospital);
  if (shared.length === 0)
    return ['Ports: each port of this host, agreed or inside, is of one program alone.'];
  const { listen = ALL_ADDRESSES } = hospital.file;
  return shared.map(({ file, path, text, remedy }) => {
    const where = `${pathText(path)} in ${file}`;
    return `Ports: ${where} ${text}. It works only while \`listen\` is ${listen} and no other address: ${remedy}.`;
  });
}
