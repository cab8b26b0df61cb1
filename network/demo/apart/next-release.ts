// Another release of this software, in a folder of its own, whose chaincode is another version with other code: what
// hospitals upgrade to.
import {
  appendFileSync,
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { chaincodeSha256, codeFolders } from '../../src/hospital/code-digest.ts';
import { ownFolder } from '../../src/programs.ts';

export interface Release {
  /** The command consilium-network of this release. */
  readonly main: string;
  readonly version: string;
  /** Of its chaincode's code. */
  readonly sha256: string;
}

const LEFT_OUT = /(^|\/)(src|node_modules)$/;

/** @param folder is made; everybody may read it */
export function makeNextRelease(folder: string): Release {
  const tree = dirname(ownFolder);
  const { workspaces } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const places = globSync(
    workspaces.map((one) => join(one, 'package.json')),
    { cwd: tree },
  ).map((file) => dirname(file));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@consilium'), { recursive: true, mode: 0o755 });
  for (const place of places) {
    const from = join(tree, place);
    // Sources of a workspace are not of its release; those below dist are.
    const filter = (file: string) =>
      !LEFT_OUT.test(relative(from, file).split(sep).join('/')) || isBelowDist(from, file);
    cpSync(from, join(folder, place), { recursive: true, filter });
    const { name } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { name: string };
    symlinkSync(join(folder, place), join(modules, name));
  }
  const foreign = realpathSync(join(tree, 'node_modules'));
  for (const name of readdirSync(foreign)) {
    if (name !== '@consilium' && !name.startsWith('.')) symlinkSync(join(foreign, name), join(modules, name));
  }
  const chaincode = join(folder, 'chaincode');
  const description = join(chaincode, 'package.json');
  const { version, ...rest } = JSON.parse(readFileSync(description, 'utf8')) as { version: string };
  const next = `${version}-next`;
  writeFileSync(description, JSON.stringify({ ...rest, version: next }));
  appendFileSync(join(chaincode, 'dist/src/index.js'), '\n// Another release.\n');
  chmodSync(folder, 0o755);
  return {
    main: join(folder, 'network/dist/src/main.js'),
    version: next,
    sha256: chaincodeSha256(codeFolders(chaincode)),
  };
}

const isBelowDist = (from: string, file: string): boolean => relative(from, file).split(sep)[0] === 'dist';
