// What `fabric-chaincode-node` loads: the contracts, one per noun.
import type { Contract } from 'fabric-contract-api';
import { AuditContract } from './contracts/audit-contract.ts';
import { DatasetContract } from './contracts/dataset-contract.ts';
import { MemberContract } from './contracts/member-contract.ts';
import { ModelContract } from './contracts/model-contract.ts';
import { MotionContract } from './contracts/motion-contract.ts';
import { PopulationContract } from './contracts/population-contract.ts';
import { PrivacyContract } from './contracts/privacy-contract.ts';
import { RoundContract } from './contracts/round-contract.ts';
import { boundRuntimeLog } from './contracts/runtime-log.ts';
import { StudyContract } from './contracts/study-contract.ts';

export { serializers } from './contracts/text-serializer.ts';

boundRuntimeLog();

// A plain array: the runtime adds its own contract to it.
export const contracts: (new () => Contract)[] = [
  MemberContract,
  PopulationContract,
  DatasetContract,
  StudyContract,
  MotionContract,
  RoundContract,
  ModelContract,
  PrivacyContract,
  AuditContract,
];
