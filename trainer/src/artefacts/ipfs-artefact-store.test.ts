// Against a node that lies, stalls or answers nonsense, as no honest one does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { computeCid } from './content-id.ts';
import { IpfsArtefactStore } from './ipfs-artefact-store.ts';
import { refOf } from './verify-artefact.ts';

describe('the IPFS store, at a node that is not honest', () => {
  let server: Server | undefined;

  async function storeAt(listener: RequestListener, timeoutMs = 10_000): Promise<IpfsArtefactStore> {
    server = createServer((request, response) => {
      request.resume();
      listener(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new IpfsArtefactStore({ url: `http://127.0.0.1:${port}`, timeoutMs });
  }

  afterEach(async () => {
    if (server === undefined) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    server = undefined;
  });

  const bytes = Buffer.from('sealed');

  it('refuses a CID that is not that of the bytes put', async () => {
    const forged = await computeCid(Buffer.from('other'));
    const store = await storeAt((request, response) => {
      request.on('end', () => {
        response.setHeader('Content-Type', 'application/json');
        response.end(`${JSON.stringify({ Name: forged, Hash: forged, Size: '6' })}\n`);
      });
    });
    await assert.rejects(store.put(bytes), {
      code: 'ARTEFACT_HASH_MISMATCH',
      message: /the node stored baf/,
    });
  });

  it('stops reading a body that never ends', async () => {
    let sentBytes = 0;
    const store = await storeAt((_request, response) => {
      const send = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sentBytes += 65_536;
      };
      response.on('drain', send);
      send();
    });
    await assert.rejects(store.get(await refOf(bytes)), {
      code: 'ARTEFACT_HASH_MISMATCH',
      message: /more than 6/,
    });
    assert.ok(sentBytes < 100_000_000);
  });

  it('gives up on a node that accepts and then says nothing', async () => {
    const store = await storeAt(() => {}, 100);
    await assert.rejects(store.get(await refOf(bytes)), { code: 'ARTEFACT_UNREACHABLE' });
    await assert.rejects(store.put(bytes), { code: 'ARTEFACT_STORE_UNREACHABLE' });
  });

  it('gives up on a body that stalls half-way', async () => {
    const store = await storeAt((_request, response) => void response.write('sea'), 150);
    await assert.rejects(store.get(await refOf(bytes)), { code: 'ARTEFACT_UNREACHABLE' });
  });

  it('passes on what the node refuses', async () => {
    const store = await storeAt((_request, response) => {
      response.writeHead(403, { 'Content-Type': 'text/plain' });
      response.end('403 - Forbidden\n');
    });
    await assert.rejects(store.put(bytes), { code: 'ARTEFACT_STORE_REFUSED', message: /403 - Forbidden/ });
    await assert.rejects(store.get(await refOf(bytes)), { code: 'ARTEFACT_STORE_REFUSED' });
  });

  it('survives an answer that is no answer', async () => {
    const store = await storeAt((request, response) => {
      request.on('end', () => response.end('<html>'));
    });
    await assert.rejects(store.put(bytes), { name: 'ArtefactError' });
    await assert.rejects(store.get(await refOf(bytes)), { code: 'ARTEFACT_HASH_MISMATCH' });
  });
});
