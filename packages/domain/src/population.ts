// A population is the people whom a hospital's records are about. The salt, the split into training and held-out
// patients and the privacy accounts are theirs, for life, whatever datasets show of them.
import { type Static, Type } from 'typebox';
import { BlockNumber } from './block.ts';
import { Accounting } from './budget.ts';
import { ConsentPolicy } from './consent-policy.ts';
import { Described, Id, Instant, MspId, RowSchema, Sha256, Strict, Title } from './primitives.ts';
import { PrivacyBudget } from './privacy-event.ts';

/** How many datasets may be about one population. */
export const DATASETS_MAX = 64;

/** What an owner says of a population when it registers it. */
export const RegisterPopulation = Strict({
  populationId: Id,
  title: Title,
  privacyBudget: Described(PrivacyBudget, 'Of each of its people, for life. It cannot be raised.'),
  accounting: Type.Optional(
    Described(Accounting, 'How the accounts of training patients add up; renyi where absent.'),
  ),
  consentPolicy: Type.Optional(
    Described(ConsentPolicy, 'What its datasets ask for at least; they may ask for more.'),
  ),
  saltSha256: Type.Optional(
    Described(
      Sha256,
      'Digest of the secret salt that splits patients and hides their ids: it cannot be exchanged unseen.',
    ),
  ),
});
export type RegisterPopulation = Static<typeof RegisterPopulation>;

/** A population, as a row. */
export const Population = Strict({
  schema: RowSchema,
  ...RegisterPopulation.properties,
  owner: MspId,
  blocks: Type.Integer({ minimum: 0, description: 'How many there are; they are numbered from 1.' }),
  datasets: Type.Array(Id, {
    maxItems: DATASETS_MAX,
    description: 'What is about these people, oldest first.',
  }),
  registeredAt: Instant,
});
export type Population = Static<typeof Population>;

export const PopulationRef = Strict({ populationId: Id });
export const BlockRef = Strict({ populationId: Id, block: BlockNumber });
