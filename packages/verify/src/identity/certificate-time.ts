// Times as certificates write them (RFC 5280, section 4.1.2.5), and as Go reads them: also in a zone, and UTCTime
// without seconds. The calendar is kept here, since engines differ in what they make of the 30th of February.
import { latin1Text } from '../wire/bytes.ts';
import { DER, type DerElement } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-])(\d\d)(\d\d))$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)(\d\d))$/;

/** @throws UnreadableError where it is no time that Go reads */
export function timeIn(element: DerElement | undefined): Date {
  const form = element?.tag === DER.utcTime ? UTC_TIME : GENERALIZED_TIME;
  const isTime = element?.tag === DER.utcTime || element?.tag === DER.generalizedTime;
  const found = isTime ? form.exec(latin1Text(element.contents)) : null;
  if (found === null) throw new UnreadableError('not a readable certificate');
  const [, year = '', month, day, hour, minute, second = '00', sign, hours = '00', minutes = '00'] = found;
  // Two digits are of the years 1950 to 2049.
  const whole = year.length === 4 ? year : `${year < '50' ? '20' : '19'}${year}`;
  const time = new Date(0);
  time.setUTCFullYear(Number(whole), Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second));
  const isOfCalendar =
    time.getUTCMonth() === Number(month) - 1 &&
    time.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60;
  const offset = 60 * Number(hours) + Number(minutes);
  // No zone is written Z alone.
  const isZone = sign === undefined || (offset > 0 && Number(hours) <= 24 && Number(minutes) < 60);
  if (!isOfCalendar || !isZone) throw new UnreadableError('not a readable certificate');
  return new Date(time.getTime() - (sign === '-' ? -1 : 1) * offset * 60_000);
}
