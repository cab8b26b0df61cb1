// The process of the links between IPFS nodes; its only argument is a JSON file with paths of PEM files.
import { readFileSync } from 'node:fs';
import { interrupted } from '../interruption.ts';
import { type LinkNeighbour, type LinkOptions, runSwarmLink } from './swarm-link.ts';

/** What the file holds: PEM texts are in files of their own. */
export interface LinkFile extends Omit<LinkOptions, 'report' | 'certificate' | 'key' | 'neighbours'> {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly neighbours: readonly (Omit<LinkNeighbour, 'root'> & { readonly rootFile: string })[];
}

const read = (file: string): string => readFileSync(file, 'utf8');
const { certificateFile, keyFile, neighbours, ...rest } = JSON.parse(read(process.argv[2]!)) as LinkFile;
await runSwarmLink(
  {
    ...rest,
    certificate: read(certificateFile),
    key: read(keyFile),
    neighbours: neighbours.map(({ rootFile, ...one }) => ({ ...one, root: read(rootFile) })),
    report: (line) => process.stderr.write(`${new Date().toISOString()} ${line}\n`),
  },
  interrupted(),
);
