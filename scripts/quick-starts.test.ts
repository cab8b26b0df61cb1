// What starts once for each request, file or look must start quickly: most of what a program here loads is the schema
// library, of several hundred modules, and only who checks or describes data needs it.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');

/** Prints to standard error, at the end, which libraries were loaded by the code that ran. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load(url, context, next) {
    const library = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (library !== undefined) loaded.add(library);
    return next(url, context);
  } });
  process.on('exit', () => process.stderr.write(JSON.stringify([...loaded].sort())));
`)}`;

/** @param ending what a module says that is given nothing to do, once it has loaded what it loads */
const loading = (file: string, ending = ''): string[] => [
  '--input-type=module',
  '--eval',
  `await import(${JSON.stringify(pathToFileURL(join(root, file)).href)}).catch((error) => {
     if (${JSON.stringify(ending)} === '' || !error.message.startsWith(${JSON.stringify(ending)})) throw error;
   }); process.exit();`,
];

const QUICK: Readonly<Record<string, { parameters: readonly string[]; libraries: readonly string[] }>> = {
  'the thread that works for a request': {
    parameters: loading('trainer/dist/src/http/request-worker.js'),
    libraries: [],
  },
  'the thread that reads data files': {
    parameters: loading('trainer/dist/src/data/data-worker.js'),
    libraries: ['fzstd', 'hyparquet', 'hyparquet-compressors', 'hysnappy'],
  },
  'the thread that follows the channel': {
    parameters: loading('gateway/dist/src/read-model/index-thread.js', 'Cannot destructure'),
    libraries: [
      '@grpc/grpc-js',
      '@hyperledger/fabric-gateway',
      '@hyperledger/fabric-protos',
      '@js-sdsl/ordered-map',
      '@noble/curves',
      '@noble/hashes',
      'google-protobuf',
    ],
  },
  'the process that works with graphs': {
    parameters: loading('packages/dp-sgd/dist/src/index.js'),
    libraries: ['long', 'onnxruntime-common', 'onnxruntime-node', 'protobufjs'],
  },
  'consilium-network status': {
    parameters: [join(root, 'network/dist/src/main.js'), 'status', '--dir', join(tmpdir(), 'no-consortium')],
    libraries: [],
  },
};

describe('what starts often', () => {
  for (const [title, { parameters, libraries }] of Object.entries(QUICK)) {
    it(`${title} loads no library that it does not need`, async () => {
      const { stderr } = await runCommand(process.execPath, ['--import', HOOK, ...parameters], root);
      const found = JSON.parse(stderr.trim().split('\n').at(-1)!) as string[];
      const more = found.filter((name) => !name.startsWith('@consilium/') && !libraries.includes(name));
      assert.deepEqual(more, []);
    });
  }
});
