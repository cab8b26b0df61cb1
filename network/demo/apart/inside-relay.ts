// Run inside a host, as its user: lets the people of that hospital in. A socket in the host's folder leads to a port of
// its loopback interface, which no other host reaches; only who may enter the folder can use it.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [, , ...pairs] = process.argv;
for (const pair of pairs) {
  const at = pair.lastIndexOf('=');
  const port = Number(pair.slice(at + 1));
  createServer((socket) => {
    const inside = connect({ port, host: '127.0.0.1' });
    pipeline(socket, inside, socket, () => {
      socket.destroy();
      inside.destroy();
    });
  }).listen(pair.slice(0, at));
}
