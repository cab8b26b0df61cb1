// How the console's page is bundled, and served while it is worked on: CONSOLE_GATEWAY says to which gateway its
// requests go then, and CONSOLE_KEY which API key is added to them, which a browser never holds.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ROUTES } from '@consilium/client';
import { API_PREFIX } from '@consilium/domain';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type ProxyOptions } from 'vite';

/** Beside what the compiler writes into dist. */
export const SITE = 'dist/site';
const TEXTS = /\.(js|css|html|svg|json)$/;

/** Writes FILE.br and FILE.gz beside each text, so that the gateway compresses nothing while it answers. */
function compressOnce(folder: string): Plugin {
  return {
    name: 'compress-once',
    apply: 'build',
    closeBundle() {
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!TEXTS.test(file)) continue;
        const path = join(folder, file);
        const text = readFileSync(path);
        const size = { [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
        const brotli = brotliCompressSync(text, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 11, ...size },
        });
        writeFileSync(`${path}.br`, brotli);
        writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
      }
    },
  };
}

/** Languages of the catalogue. */
const LANGUAGES = new Set(['en-US']);
const OF_LIBRARY = /\/react-(?:aria|stately|aria-components)\/dist\/.*\/intl\/.*?([a-z]{2}-[A-Z]{2})\.m?js$/;

/** Leaves out what the controls say in languages that the catalogue does not have: a third of their size. */
const keepLanguages = (): Plugin => ({
  name: 'keep-languages',
  enforce: 'pre',
  load(id) {
    const language = OF_LIBRARY.exec(id)?.[1];
    return language === undefined || LANGUAGES.has(language) ? undefined : 'export default {};';
  },
});

const EVALUATES = /\/typebox\/build\/system\/environment\/evaluate\.mjs$/;

/** Has schemas judged without code that is made of text, which the content-security policy refuses, and says. */
const evaluateNothing = (): Plugin => ({
  name: 'evaluate-nothing',
  enforce: 'pre',
  load: (id) =>
    EVALUATES.test(id)
      ? 'export const CanEvaluate = () => false; export const Evaluate = () => { throw new Error("no code of text"); };'
      : undefined,
});

const { CONSOLE_GATEWAY: gateway, CONSOLE_KEY: key, CONSOLE_ROLE: role = 'operator' } = process.env;

/** While it is worked on with a key: a session that may call everything, as whose requests the key is added. */
function playedSession(): Plugin {
  const hospital = { mspId: process.env.CONSOLE_MSP ?? 'CharlottenburgMSP', title: 'The hospital at work' };
  const session = { signedIn: true, role, keyId: 'development', hospital, operations: Object.keys(ROUTES) };
  return {
    name: 'played-session',
    apply: 'serve',
    configureServer({ middlewares }) {
      middlewares.use('/console/session', (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(session));
      });
    },
  };
}
const proxied = (): ProxyOptions => ({
  target: gateway ?? 'http://127.0.0.1:8080',
  changeOrigin: true,
  secure: false,
  ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
});

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [
    keepLanguages(),
    evaluateNothing(),
    react(),
    ...(key === undefined ? [] : [playedSession()]),
    compressOnce(join(import.meta.dirname, SITE)),
  ],
  css: { modules: { localsConvention: 'camelCaseOnly' } },
  build: {
    outDir: SITE,
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // The content-security policy takes files of the gateway alone, so nothing becomes a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: Object.fromEntries(
      [API_PREFIX, '/healthz', '/readyz', '/console/session', '/console/sign-in', '/console/signed-in'].map(
        (path) => [path, proxied()],
      ),
    ),
  },
});
