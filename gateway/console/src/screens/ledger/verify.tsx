// The verifier within the console: there the own gateway can be asked for the first block's digest.
import { gateway } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { VerifierPage } from './verifier-page.tsx';

const askGenesis = async (): Promise<string> => {
  const { hash } = await gateway.call('getLedgerBlock', { path: { number: 0 } });
  return hash;
};

export default function VerifyScreen() {
  const may = useMay('getLedgerBlock');
  return <VerifierPage askGenesis={may ? askGenesis : undefined} />;
}
