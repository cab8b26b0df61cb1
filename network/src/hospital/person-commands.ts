// `hospital enrol` and `hospital persons`.
import { join } from 'node:path';
import { EXIT, oneOf, required } from '@consilium/command-line';
import { findHospitalPrograms } from '../native/binaries.ts';
import { writeWhole } from '../state-file.ts';
import { answer, note, type Place } from './command-place.ts';
import type { EnrolmentPlace } from './enrolment.ts';
import { writeConnection } from './hospital-connection.ts';
import {
  certifyPerson,
  enrolHere,
  invite,
  PersonRequest,
  personsIn,
  ROLES_OF_PERSONS,
  readForm,
} from './persons.ts';

const enrolmentPlace = ({ hospital, layout }: Place): EnrolmentPlace => ({
  ...{ programs: findHospitalPrograms(), hospital, layout, report: note },
});

/** Invites a person, makes their key here, or certifies the request that came back. */
export async function enrol(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  const at = enrolmentPlace(place);
  if (values.request !== undefined) {
    const request = readForm<PersonRequest>(values.request, PersonRequest, 'request of a person');
    const { name, certificate } = await certifyPerson(at, request);
    const file = join(layout.directory, 'persons', `${name}.crt`);
    writeWhole(file, certificate!);
    answer(place, { person: name, certificate: file }, [`Give ${file} to ${name}: it holds no secret.`]);
    return EXIT.done;
  }
  const name = required(values.person, 'person');
  const role = oneOf(required(values.role, 'role'), 'role', ROLES_OF_PERSONS)!;
  if (values.here) {
    await enrolHere(at, name, role);
    writeConnection(hospital, layout);
    answer(place, { person: name, role }, [
      `The gateway signs for ${name} from now on. Make a key for its API:`,
      `    consilium-gateway key create --file ${join(layout.directory, hospital.own.name, 'api-keys.json')} ` +
        `--role ${role} --person ${name}`,
    ]);
    return EXIT.done;
  }
  const ticket = await invite(at, name, role);
  const file = join(layout.directory, 'persons', `${name}.ticket`);
  writeWhole(file, `${JSON.stringify(ticket, null, 2)}\n`, 0o600);
  answer(place, { person: name, role, ticket: file }, [
    `Give ${file} to ${name} in a way that only they can read, and remove it here.`,
    'With it they run `consilium-network person request`, and give back the request.',
  ]);
  return EXIT.done;
}

/** Who was enrolled here, as what, and until when. */
export function persons(place: Place): number {
  const all = personsIn(place.layout).map(({ secret: _, ...rest }) => rest);
  const lines = all.map(({ name, role, state, keyIs }) => {
    const where = keyIs === 'here' ? 'the gateway signs' : 'a key of their own';
    return `${name.padEnd(24)} ${role.padEnd(12)} ${state.padEnd(10)} ${where}`;
  });
  answer(place, { persons: all }, lines.length === 0 ? ['Nobody is enrolled.'] : lines);
  return EXIT.done;
}
