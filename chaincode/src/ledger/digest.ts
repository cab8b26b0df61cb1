// SHA-256 as the ledger writes it. The domain has no cryptography of its own and is given this.
import { createHash } from 'node:crypto';

export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
