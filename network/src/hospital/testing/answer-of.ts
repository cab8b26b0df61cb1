// What comes back over a link that is tried.
import type { Socket } from 'node:net';

/** What the far end answers to a word; undefined where the connection ends instead. */
export const answerOf = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.write('hello');
  });
