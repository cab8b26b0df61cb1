// Puts a graph of one's own into IPFS, in clear, as its hospital would: a study names it.
import { createHash } from 'node:crypto';
import type { ProposeStudy } from '@consilium/domain';
import type { OwnGraph } from './study-plan.ts';

/** @returns what a study says of its model */
export async function publishOwnGraph(
  { bytes, inputs, parameters, localParameters }: OwnGraph,
  ipfsUrl: string,
): Promise<ProposeStudy['model']> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(bytes)]));
  const response = await fetch(`${ipfsUrl}/api/v0/add?cid-version=1`, {
    method: 'POST',
    body: form,
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok) throw new Error(`IPFS does not take the graph: it answers ${response.status}`);
  const { Hash: cid } = (await response.json()) as { Hash: string };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    graph: { cid, sha256, sizeBytes: bytes.length },
    inputs,
    parameters,
    localParameters: [...localParameters],
  };
}
