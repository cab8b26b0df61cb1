// That each consent is to a text that the study had: by the digest that its stewards saw, also where the study was
// amended since; and that the study's purpose is one that the dataset's terms allow.

import { type Consent, type Lineage, purposeAllowed, type Study, studyDigest } from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { EarlierValue, MemoryState } from '../blocks/memory-state.ts';
import { rowKey } from '../blocks/read-write-set.ts';
import { utf8Text } from '../wire/bytes.ts';
import { sha256OfText } from '../wire/digests.ts';
import type { ReadRow } from './lineage-claim.ts';

/** What does not hold, and how many consents name no text, since they are from before there were digests. */
export function checkConsents(
  { study, consents, datasets }: Pick<Lineage, 'study' | 'consents' | 'datasets'>,
  rows: readonly ReadRow[],
): { readonly problems: readonly Problem[]; readonly withoutText: number } {
  const problems: Problem[] = [];
  const texts = new Set(versionsOf(study, rows).map((version) => studyDigest(version, sha256OfText)));
  const unnamed = consents.filter(({ studySha256 }) => studySha256 === undefined);
  for (const { datasetId, studySha256 } of consents) {
    const place = `consent of ${datasetId}`;
    if (studySha256 !== undefined && !texts.has(studySha256)) {
      problems.push({ place, text: 'it is to a text that the study has in no block that is shown' });
    }
    const terms = datasets.find((dataset) => dataset.datasetId === datasetId)?.terms;
    if (terms !== undefined && !purposeAllowed(terms, study.purpose)) {
      problems.push({ place, text: `the terms of the dataset do not allow the purpose ${study.purpose}` });
    }
  }
  return { problems, withoutText: unnamed.length };
}

/**
 * The text that a consent is to, by its digest; of consents from before they named it, the study's oldest that is
 * shown.
 */
export function textConsentedTo(
  { studyId, studySha256 }: Pick<Consent, 'studyId' | 'studySha256'>,
  { rows, chaincode }: { readonly rows: MemoryState; readonly chaincode: string },
): Study | undefined {
  const texts = rows.history(chaincode, rowKey('study', [studyId])).flatMap(studyIn);
  if (studySha256 === undefined) return texts.at(-1);
  return texts.find((text) => studyDigest(text, sha256OfText) === studySha256);
}

function versionsOf(study: Study, rows: readonly ReadRow[]): Study[] {
  const found = rows.find(({ kind, value }) => kind === 'study' && value.studyId === study.studyId);
  return [study, ...(found?.row.earlier ?? []).flatMap(studyIn)];
}

function studyIn({ value }: EarlierValue): Study[] {
  try {
    return [JSON.parse(utf8Text(value)) as Study];
  } catch {
    return [];
  }
}
