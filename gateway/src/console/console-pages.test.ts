import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

const PAGE =
  '<!doctype html><title>Consilium</title><script type="module" src="/console/assets/main-Ab12.js"></script>';
const SCRIPT = 'document.title = "here";';

describe("the console's files", () => {
  let directory: string;
  let gateway: GatewayFixture;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'console-'));
    const site = join(directory, 'site');
    mkdirSync(join(site, 'assets'), { recursive: true });
    const write = (name: string, content: string) => {
      writeFileSync(join(site, name), content);
      writeFileSync(join(site, `${name}.br`), brotliCompressSync(content));
      writeFileSync(join(site, `${name}.gz`), gzipSync(content));
    };
    write('index.html', PAGE);
    write('assets/main-Ab12.js', SCRIPT);
    writeFileSync(join(site, 'icon.png'), 'not really');
    writeFileSync(join(site, 'assets', 'main-Ab12.js.map'), '{}');
    writeFileSync(join(directory, 'secret.js'), 'of the gateway');
    gateway = await openGateway({ console: { directory: site } });
  });
  after(async () => {
    await gateway.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const get = (url: string, headers: Record<string, string> = {}) => gateway.app.inject({ url, headers });

  it('are one page for every path that names no file, and say on which terms a browser shows it', async () => {
    const dotted = '/console/ledger/rows/dataset/a.b';
    for (const url of ['/console/', '/console/studies/heart-2026', '/console/ledger/blocks/3?x=1', dotted]) {
      const answer = await get(url);
      assert.equal(answer.statusCode, 200, url);
      assert.equal(answer.body, PAGE);
      assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(answer.headers['cache-control'], 'no-cache');
    }
    const { headers } = await get('/console/');
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.match(String(headers['permissions-policy']), /camera=\(\)/);
    const root = await get('/');
    assert.deepEqual([root.statusCode, root.headers.location], [302, '/console/']);
    const moved = await get('/console');
    assert.deepEqual([moved.statusCode, moved.headers.location], [308, '/console/']);
  });

  it('with a digest in their names are kept for ever, and others are asked for again', async () => {
    const script = await get('/console/assets/main-Ab12.js');
    assert.equal(script.body, SCRIPT);
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    assert.match(String(script.headers['cache-control']), /immutable/);
    assert.match(String(script.headers['content-security-policy']), /default-src 'none'/);
    const page = await get('/console/');
    const again = await get('/console/', { 'if-none-match': String(page.headers.etag) });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
    assert.equal((await get('/console/', { 'if-none-match': '"other"' })).statusCode, 200);
  });

  it('travel as the build packed them, to those who take it', async () => {
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync } as const;
    for (const [accepted, coding] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip;q=0.5', 'gzip'],
    ] as const) {
      const { headers, rawPayload } = await get('/console/assets/main-Ab12.js', {
        'accept-encoding': accepted,
      });
      assert.equal(headers['content-encoding'], coding, accepted);
      assert.match(String(headers.vary), /accept-encoding/);
      assert.equal(unpack[coding](rawPayload).toString(), SCRIPT);
    }
    for (const accepted of ['identity', 'zstd', 'br;q=0']) {
      const { headers, body } = await get('/console/assets/main-Ab12.js', { 'accept-encoding': accepted });
      assert.deepEqual([headers['content-encoding'], body], [undefined, SCRIPT]);
    }
    const icon = await get('/console/icon.png', { 'accept-encoding': 'br' });
    assert.deepEqual(
      [icon.headers['content-encoding'], icon.headers['content-type']],
      [undefined, 'image/png'],
    );
  });

  it('are those that the build listed, and nothing else that is on the disk', async () => {
    const paths = [
      ...['../secret.js', '%2e%2e/secret.js', '..%2fsecret.js', 'assets/../../secret.js', '..%5csecret.js'],
      ...['assets/%2e%2e/%2e%2e/secret.js', '/secret.js', 'assets//main-Ab12.js', 'assets/missing.js'],
      ...[
        'assets/',
        'assets',
        'assets/main-Ab12.js.br',
        'assets/main-Ab12.js.map',
        'index.html.gz',
        'x%00.js',
      ],
      ...['__proto__.js', 'assets/constructor'],
    ];
    for (const path of paths) {
      const { statusCode, body } = await get(`/console/${path}`);
      assert.ok(!body.includes('of the gateway'), path);
      assert.ok(statusCode === 404 || statusCode === 400 || body === PAGE, `${path}: ${statusCode} ${body}`);
    }
    for (const path of ['assets/missing.js', 'missing.css', 'assets/main-Ab12.js.map', 'assets/page']) {
      assert.equal((await get(`/console/${path}`)).json().code, 'ROUTE_NOT_FOUND', path);
    }
    const posted = await gateway.app.inject({ method: 'POST', url: '/console/studies' });
    assert.equal(posted.statusCode, 405);
  });

  it('are said to be missing where the console was not built', async (t) => {
    const own = await openGateway({ console: { directory: join(directory, 'nothing') } });
    t.after(() => own.close());
    for (const url of ['/console/', '/console/studies', '/console/assets/main.js']) {
      const answer = await own.app.inject(url);
      assert.equal(answer.statusCode, 404);
      assert.equal(answer.json().code, 'CONSOLE_NOT_BUILT');
      assert.match(answer.json().detail, /make build/);
      assert.equal(answer.headers['cache-control'], undefined);
    }
    assert.equal((await own.app.inject('/console/session')).statusCode, 200);
  });
});
