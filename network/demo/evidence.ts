// The evidence of the demo's study: fetched from one hospital's gateway, kept as a file, and verified from the genesis
// digest alone, as a stranger would with consilium-verify.
import { fillPath, GATEWAY_PATHS } from '@consilium/domain';
import { verifyBundle } from '@consilium/verify';
import { writeWholeBytes } from '../src/state-file.ts';
import { GatewayProblemError, type HospitalClient } from './hospital-client.ts';

export interface EvidenceFacts {
  /** Trusted: of the file that the network was started with. */
  readonly genesisSha256: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly signedBy: readonly string[];
  /** What does not hold, with its place. */
  readonly problems: readonly string[];
}

export async function readEvidence(
  client: HospitalClient,
  options: {
    readonly studyId: string;
    readonly genesisSha256: string;
    readonly chaincode: string;
    readonly file: string;
  },
): Promise<EvidenceFacts> {
  const { studyId, genesisSha256, chaincode, file } = options;
  try {
    const { bytes } = await client.bytes(fillPath(GATEWAY_PATHS.evidenceOfStudy, { studyId }));
    writeWholeBytes(file, bytes);
    const started = performance.now();
    const { problems, answered } = verifyBundle(bytes, { genesis: genesisSha256, chaincode });
    return {
      genesisSha256,
      bytes: bytes.length,
      seconds: Math.round(performance.now() - started) / 1000,
      signedBy: answered?.signedBy ?? [],
      problems: problems.map(({ place, text }) => `${place}: ${text}`),
    };
  } catch (error) {
    if (!(error instanceof GatewayProblemError)) throw error;
    return { genesisSha256, bytes: 0, seconds: 0, signedBy: [], problems: [error.message] };
  }
}
