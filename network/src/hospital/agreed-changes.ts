// What differs between the consortium.yaml that this hospital has taken up and the one that all agreed on since: each
// difference in words, and those that no file can make are refused.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { writeWhole } from '../state-file.ts';
import { type AgreedConsortium, type AgreedOrganisation, portsOf, readAgreed } from './agreed-consortium.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';

const keptFile = (directory: string): string => join(directory, 'agreed/consortium.yaml');

/** Keeps the file as the one that is taken up. */
export const keepAgreed = ({ text }: Pick<Hospital, 'text'>, { directory }: HospitalLayout): void =>
  writeWhole(keptFile(directory), text, 0o600);

/** The one that was taken up last; undefined of a hospital that an older version founded. */
export const keptAgreed = ({ directory }: HospitalLayout): AgreedConsortium | undefined =>
  existsSync(keptFile(directory)) ? readAgreed(keptFile(directory)).consortium : undefined;

/** A difference, in words. */
export interface AgreedChange {
  readonly text: string;
  /** What to do in place of it, where no file can make it. */
  readonly refused?: string;
}

const ANOTHER = 'it is another channel then: write what it was';
const value = (some: unknown): string => (some === undefined ? 'nothing' : String(some));

/** Each difference, in the order of the file. */
export function agreedChanges(before: AgreedConsortium, after: AgreedConsortium): AgreedChange[] {
  return [...wholeChanges(before, after), ...organisationChanges(before, after)];
}

function* wholeChanges(before: AgreedConsortium, after: AgreedConsortium): Generator<AgreedChange> {
  const fields: readonly (readonly [string, (one: AgreedConsortium) => unknown, (string | undefined)?])[] = [
    ['name', ({ name }) => name],
    ['channel', ({ channel }) => channel, ANOTHER],
    ['fabric', ({ fabric }) => fabric],
    ['foundedAt', ({ foundedAt }) => foundedAt, ANOTHER],
    ['genesis', ({ genesis }) => genesis, before.genesis === undefined ? undefined : ANOTHER],
    ['ordering.kind', ({ ordering }) => ordering.kind, 'a channel keeps its ordering: write what it was'],
    ['ordering.batchTimeoutMs', ({ ordering }) => ordering.batchTimeoutMs],
    ['ordering.maxMessageCount', ({ ordering }) => ordering.maxMessageCount],
    [
      'chaincode.name',
      ({ chaincode }) => chaincode.name,
      'another name is another ledger: write what it was',
    ],
    ['chaincode.version', ({ chaincode }) => chaincode.version],
    ['chaincode.policy', ({ chaincode }) => chaincode.policy],
    ['chaincode.sha256', ({ chaincode }) => chaincode.sha256],
  ];
  for (const [name, of, refused] of fields) {
    const [was, is] = [of(before), of(after)];
    if (was === is) continue;
    yield {
      text: `${name} was ${value(was)}, and is ${value(is)}`,
      ...(refused !== undefined && { refused }),
    };
  }
}

function* organisationChanges(before: AgreedConsortium, after: AgreedConsortium): Generator<AgreedChange> {
  const named = (all: AgreedConsortium, of: string) => all.organisations.find(({ mspId }) => mspId === of);
  for (const one of after.organisations) {
    const earlier = named(before, one.mspId);
    if (earlier === undefined) yield { text: `${one.mspId} (${one.title}, ${one.host}) is new` };
    else yield* changesOf(earlier, one);
  }
  for (const { mspId } of before.organisations)
    if (named(after, mspId) === undefined) yield { text: `${mspId} is gone` };
}

function* changesOf(before: AgreedOrganisation, after: AgreedOrganisation): Generator<AgreedChange> {
  const leave = 'it would be another organisation: let the one leave and the other join';
  const fields: readonly (readonly [string, (one: AgreedOrganisation) => unknown, (string | undefined)?])[] =
    [
      ['name', ({ name }) => name, 'its folders are called so: write what it was'],
      ['title', ({ title }) => title],
      ['host', ({ host }) => host],
      ['roots.identity', ({ roots }) => roots?.identity, before.roots && leave],
      ['roots.tls', ({ roots }) => roots?.tls, before.roots && leave],
      ...(['peer', 'peer1', 'orderer', 'ipfs', 'witness'] as const).map(
        (kind) => [`port of ${kind}`, (one: AgreedOrganisation) => portsOf(one)[kind]] as const,
      ),
    ];
  for (const [name, of, refused] of fields) {
    const [was, is] = [of(before), of(after)];
    if (was === is) continue;
    const text = `${after.mspId}: ${name} was ${value(was)}, and is ${value(is)}`;
    yield { text, ...(refused !== undefined && { refused }) };
  }
}

/** @throws InputError with every difference that no file can make */
export function refuseChanges(changes: readonly AgreedChange[]): void {
  const refused = changes.filter((one) => one.refused !== undefined);
  if (refused.length === 0) return;
  throw new InputError(
    refused.map(({ text, refused: remedy }) => ({ field: 'consortium.yaml', text, remedy: remedy! })),
  );
}
