// The process of the links between IPFS nodes; its only argument is a JSON file with paths of PEM files.
import { readFileSync } from 'node:fs';
import { interrupted } from '../interruption.ts';
import { type LinkNeighbour, type LinkOptions, runSwarmLink } from './swarm-link.ts';
import { isRevokedBy } from './tls-lists.ts';
import { type PairFiles, WatchedPair } from './watched-pair.ts';

/** What the file holds: PEM texts are in files of their own. */
export interface LinkFile
  extends Omit<LinkOptions, 'report' | 'renewals' | 'certificate' | 'key' | 'neighbours'>,
    PairFiles {
  readonly neighbours: readonly (Omit<LinkNeighbour, 'root' | 'isRevoked'> & {
    readonly rootFile: string;
    readonly listsFile: string;
  })[];
}

const read = (file: string): string => readFileSync(file, 'utf8');
const report = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
const { certificateFile, keyFile, neighbours, ...rest } = JSON.parse(read(process.argv[2]!)) as LinkFile;
const renewals = new WatchedPair({ certificateFile, keyFile }, report);
renewals.watch();
await runSwarmLink(
  {
    ...rest,
    ...renewals.pair,
    renewals,
    neighbours: neighbours.map(({ rootFile, listsFile, ...one }) => ({
      ...{ ...one, root: read(rootFile) },
      isRevoked: (certificate) => isRevokedBy(listsFile, certificate, read(rootFile)),
    })),
    report,
  },
  interrupted(),
);
