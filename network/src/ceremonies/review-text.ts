// A review as people read it: what is weaker first, then what changes, then who has signed and who is missing.
import type { Review } from './review.ts';

const TITLES = {
  channel: 'Change of the configuration',
  founding: 'Founding of the channel',
  chaincode: 'Definition of a chaincode for the channel',
} as const;

/** Lines of plain characters, each with its end. */
export function textOfReview(review: Review): string {
  const { kind, channel, genesis, sequence, digest, changes, warnings, signatures, policies, isComplete } =
    review;
  const lines = [
    `${TITLES[kind]} ${channel}${kind === 'channel' ? `, number ${sequence}` : ''}`,
    `First block of the channel: ${genesis}`,
    `Digest of what is signed: ${digest}`,
    '',
    ...warnings.map((warning) => `WARNING: ${warning}`),
    ...(warnings.length > 0 ? [''] : []),
    'What changes:',
    ...changes.flatMap(({ place, removed, added }) => [
      `  ${place}`,
      ...removed.map((line) => `    - ${line}`),
      ...added.map((line) => `    + ${line}`),
    ]),
    '',
    signatures.length === 0 ? 'Nobody has signed.' : 'Signed by:',
    ...signatures.map(
      ({ mspId, subject, validTo, certificateSha256 }) =>
        `  ${mspId}: ${subject}, valid to ${validTo}, SHA-256 ${certificateSha256}`,
    ),
    'Asked for:',
    ...policies.map(({ path, isMet, missing }) => `  ${path}: ${isMet ? 'met' : `missing ${missing}`}`),
    '',
    isComplete ? 'Complete: it can be sent.' : 'Not complete.',
  ];
  return `${lines.map(shown).join('\n')}\n`;
}

/** What the channel has already may have names that nobody checked. */
const shown = (line: string): string =>
  line.replaceAll(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
