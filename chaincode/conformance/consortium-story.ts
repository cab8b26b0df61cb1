// The beginnings that the suites share: members, datasets and a running study on a Fabric network, under names of
// their own, so that suites can follow one another on one ledger.
import { randomBytes } from 'node:crypto';
import type { ProposeStudy } from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import { datasetArgument, memberArgument, studyArgument } from '@consilium/domain/testing/examples';
import { provenStudyKey } from '@consilium/domain/testing/member-key';
import type { FabricConsortium } from './fabric-consortium.ts';

export interface LedgerConformance {
  setup(): Promise<FabricConsortium>;
  teardown(): Promise<void>;
}

export class ConsortiumStory {
  readonly run = randomBytes(4).toString('hex');
  readonly ledger: FabricConsortium;
  readonly members: string[];
  /** One dataset for each member, in the order of members. */
  readonly datasets: string[];

  constructor(ledger: FabricConsortium) {
    this.ledger = ledger;
    this.members = ledger.mspIds.toSorted();
    this.datasets = this.members.map((_, i) => `data-${this.run}-${i}`);
  }

  owner(datasetId: string): string {
    return this.members[this.datasets.indexOf(datasetId)]!;
  }

  dataset(mspId: string): string {
    return this.datasets[this.members.indexOf(mspId)]!;
  }

  /** Registers every member that is none yet. */
  async join(): Promise<void> {
    for (const mspId of this.members) {
      await this.ledger
        .submit(mspId, 'operator', 'member:register', memberArgument(mspId, this.ledger.channel))
        .catch((error: Error) => {
          if (!error.message.includes('MEMBER_EXISTS')) throw error;
        });
    }
  }

  async register(datasetId: string, mspId: string, epsilon?: string): Promise<void> {
    await this.ledger.submit(mspId, 'steward', 'dataset:register', datasetArgument(datasetId, epsilon));
  }

  async propose(studyId: string, change: Partial<ProposeStudy> = {}): Promise<void> {
    const validators = majorityOf(this.members.length);
    const quorum = { updates: validators, validators };
    const argument = studyArgument({ studyId, datasets: this.datasets, quorum, ...change });
    await this.ledger.submit(this.members[0]!, 'researcher', 'study:propose', argument);
  }

  async consent(studyId: string, datasetId: string, mspId = this.owner(datasetId)): Promise<void> {
    const asked = { studyId, datasetId };
    const { claimedEpsilon } = await this.ledger.evaluate(mspId, 'steward', 'privacy:quote', asked);
    await this.ledger.submit(mspId, 'steward', 'study:consent', { ...asked, claimedEpsilon });
  }

  /** One hospital's keys for the updates of every dataset of the story. */
  async recordKeys(studyId: string, mspId: string): Promise<void> {
    const { channel } = this.ledger;
    const keys = this.datasets.map((datasetId) => provenStudyKey(mspId, { studyId, datasetId }, { channel }));
    await this.ledger.submit(mspId, 'trainer', 'study:recordKeys', { studyId, keys });
  }

  async start(studyId: string): Promise<void> {
    await this.ledger.submit(this.members[0]!, 'researcher', 'study:start', { studyId });
  }
}
