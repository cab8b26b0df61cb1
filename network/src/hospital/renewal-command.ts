// `hospital renew` and `hospital expiry`.
import { EXIT, UsageError } from '@consilium/command-line';
import { findHospitalPrograms } from '../native/binaries.ts';
import { writeWhole } from '../state-file.ts';
import { restartServices } from '../supervisor-control.ts';
import { certificateEnds, endsMetrics, endsText } from './certificate-ends.ts';
import { answer, note, type Place } from './command-place.ts';
import { renewOwnOrderer } from './orderer-renewal.ts';
import { renewCertificates } from './renewal.ts';
import { takeUpRenewed } from './take-up-renewed.ts';
import { HOLDERS, type Holder } from './wanted-certificates.ts';

/** An orderer's certificates are in the channel's configuration: others have to agree first. */
const HERE = HOLDERS.filter((holder) => holder !== 'orderer');

/** The links and the listener for witnesses prove themselves with one certificate. */
function holdersOf(what: string | undefined): readonly Holder[] {
  if (what === 'all') return HERE;
  if (what === 'witness') return ['links'];
  const holder = HERE.find((one) => one === what);
  if (holder !== undefined) return [holder];
  throw new UsageError(
    `--what is ${what ?? 'missing'}: write one of ${[...HERE, 'witness', 'all', 'orderer'].join(', ')}`,
  );
}

/** Renews certificates, and returns when everything that runs uses them. */
export async function renew(place: Place): Promise<number> {
  const { values, hospital, layout } = place;
  if (values.what === 'orderer') return renewOrderer(place);
  const holders = holdersOf(values.what);
  if (values.what === 'peer1' && layout.secondPeer === undefined)
    throw new UsageError('--what is peer1, and consortium.yaml names no second peer of this organisation');
  const at = { programs: findHospitalPrograms(), hospital, layout, report: note };
  const renewed = await renewCertificates(holders, at);
  const waits = await takeUpRenewed(renewed, at);
  const lines = renewed.map(({ id, form, endsAt }) => {
    const use = form === 'msp' ? 'signs' : 'TLS';
    return `${id} (${use}) has a new key and certificate, valid until ${endsAt.toISOString().slice(0, 10)}`;
  });
  answer(place, { renewed, waits }, [...lines, ...waits]);
  return waits.length === 0 ? EXIT.done : EXIT.failed;
}

/** Once to propose, and once more when the channel has what was proposed. */
async function renewOrderer(place: Place): Promise<number> {
  const { path, hospital, layout } = place;
  const enrolling = { programs: findHospitalPrograms(), hospital, layout, report: note };
  const renewal = await renewOwnOrderer({ ...enrolling, path });
  if (renewal.state === 'proposed') {
    answer(place, renewal, [
      `${renewal.file}, digest ${renewal.digest}`,
      'All review and sign it, then submit it; compare the digest by telephone. Then run this command again.',
    ]);
    return EXIT.done;
  }
  // The channel takes the former one no more: it is down already.
  const service = `orderer-${layout.orderer.id}`;
  await restartServices(layout.directory, [service], note);
  answer(place, renewal, [
    `${service} runs with the new certificate. The former one is in ${renewal.former}.`,
  ]);
  return EXIT.done;
}

/** The ends of all certificates, the first first. */
export function expiry(place: Place): number {
  const { values, hospital, layout } = place;
  const now = new Date();
  const ends = certificateEnds(hospital, layout);
  if (values.metrics !== undefined) writeWhole(values.metrics, endsMetrics(ends));
  answer(place, { ends }, ['  days  ends                  of', ...endsText(ends, now)]);
  const isOver = ends.some(({ isOwn, endsAt }) => isOwn && (endsAt === undefined || endsAt < now));
  return isOver ? EXIT.failed : EXIT.done;
}
