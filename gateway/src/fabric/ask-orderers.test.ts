import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { askOrderer } from './ask-orderers.ts';

const asker = {
  channel: 'wards',
  mspId: 'AMSP',
  certificate: 'none',
  sign: async () => new Uint8Array(),
};
const at = (port: number) => ({ mspId: 'OMSP', address: `127.0.0.1:${port}`, tlsRootCertificates: [] });

async function listening(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

test('an orderer that is not there, or holds still, is silent', async (t) => {
  const stopped = await listening(() => {});
  t.after(stopped.close);
  assert.equal(await askOrderer(at(stopped.port), asker), 'silent');
  const gone = await listening(() => {});
  gone.close();
  assert.equal(await askOrderer(at(gone.port), asker), 'silent');
});

test('an orderer with an address that is none is silent, and keeps nobody from asking the others', async () => {
  for (const address of ['', 'no port', 'o.example:port', 'o.example:99999', '[::1:7050']) {
    const endpoint = { mspId: 'OMSP', address, tlsRootCertificates: [] };
    assert.equal(await askOrderer(endpoint, asker), 'silent', address);
  }
});

test('what is there and does not speak with this gateway is not taken for silent', async (t) => {
  const other = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  t.after(other.close);
  assert.equal(await askOrderer(at(other.port), asker), 'unknown');
});
