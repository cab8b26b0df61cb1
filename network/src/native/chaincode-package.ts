// A chaincode-as-a-service package: it holds no code, only the address at which this organisation's peer finds
// the running chaincode. Organisations with different addresses have different package ids for one definition.
import { createHash } from 'node:crypto';
import { tarGzip } from './tar-archive.ts';

export interface ChaincodePackage {
  readonly bytes: Uint8Array;
  /** As the peer computes it: the label and the SHA-256 of the package. */
  readonly id: string;
}

const json = (name: string, value: unknown) => ({ name, content: Buffer.from(JSON.stringify(value)) });

export interface PackagedChaincode {
  readonly label: string;
  readonly address: string;
  /** With it the peer's own builder (network/builders/own-key) adds keys, which no package holds; without it no TLS. */
  readonly withOwnKey?: boolean;
}

export function ccaasPackage({ label, address, withOwnKey = false }: PackagedChaincode): ChaincodePackage {
  const connection = withOwnKey ? { address } : { address, dial_timeout: '10s', tls_required: false };
  const code = tarGzip([json('connection.json', connection)]);
  const bytes = tarGzip([
    json('metadata.json', { type: withOwnKey ? 'consilium-ccaas' : 'ccaas', label }),
    { name: 'code.tar.gz', content: code },
  ]);
  return { bytes, id: `${label}:${createHash('sha256').update(bytes).digest('hex')}` };
}
