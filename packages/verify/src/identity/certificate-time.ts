// Times as certificates write them (RFC 5280, section 4.1.2.5).
import { latin1Text } from '../wire/bytes.ts';
import { DER, type DerElement } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** @throws UnreadableError where it is no time in seconds and in UTC */
export function timeIn(element: DerElement | undefined): Date {
  const form = element?.tag === DER.utcTime ? UTC_TIME : GENERALIZED_TIME;
  const isTime = element?.tag === DER.utcTime || element?.tag === DER.generalizedTime;
  const found = isTime ? form.exec(latin1Text(element.contents)) : null;
  if (found === null) throw new UnreadableError('not a readable certificate');
  const [, year = '', month, day, hour, minute, second] = found;
  // Two digits are of the years 1950 to 2049.
  const whole = year.length === 4 ? year : `${year < '50' ? '20' : '19'}${year}`;
  const time = new Date(`${whole}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time.getTime())) throw new UnreadableError('not a readable certificate');
  return time;
}
