// What of an organisation's group in a channel decides whom it speaks for: its authorities and what it revoked.
import {
  type Certificate,
  type ConfigGroup,
  Message,
  readCertificate,
  readRevocationList,
} from '@consilium/verify/channel';
import { presentCertificate } from './certificates-in-words.ts';

/** Of identities, and of TLS; and which certificates have which role, as one text. */
export interface Authorities {
  readonly roles: string;
  readonly mspId: string;
  readonly identity: readonly Certificate[];
  /** Those of a kind that identities have too: a member may have others, and stops no review by them. */
  readonly tls: readonly Certificate[];
}

const mspOf = (group: ConfigGroup): Message =>
  new Message('MSP', group.values.get('MSP')?.value ?? new Uint8Array()).inBytes(2, 'MSP');

export function authoritiesOf(group: ConfigGroup): Authorities {
  const message = mspOf(group);
  const pems = (...fields: readonly number[]) => fields.flatMap((field) => message.list(field));
  const roles = [4, 7, 11]
    .flatMap((field) => message.list(field).map((part) => Buffer.from(part).toString('hex')))
    .join();
  return {
    mspId: message.text(1),
    roles,
    identity: pems(2, 3).map(readCertificate),
    tls: pems(9, 10).flatMap((pem) => presentCertificate(pem) ?? []),
  };
}

/** Serial numbers. */
export const revokedIn = (group: ConfigGroup): ReadonlySet<string> =>
  new Set(
    mspOf(group)
      .list(5)
      .flatMap((list) => [...readRevocationList(list).serials]),
  );
