// Bytes as they are, to a port and back: what no HTTP client would send.
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  write(text: string): void;
  /** Everything received so far, once it matches; rejects when the other side closes before that. */
  until(pattern: RegExp): Promise<string>;
  /** Everything received until the other side closes. */
  ended(): Promise<string>;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  let closed = false;
  const looks = new Set<() => void>();
  const look = () => {
    for (const one of [...looks]) one();
  };
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    look();
  });
  socket.on('error', () => {});
  for (const end of ['end', 'close'] as const) {
    socket.on(end, () => {
      closed = true;
      socket.end();
      look();
    });
  }
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const when = (holds: () => boolean, failed: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!holds() && !failed()) return;
        looks.delete(check);
        if (holds()) resolve(received);
        else reject(new Error(`the connection ended after ${JSON.stringify(received)}`));
      };
      looks.add(check);
      check();
    });
  return {
    socket,
    write: (text) => void socket.write(text, 'latin1'),
    until: (pattern) =>
      when(
        () => pattern.test(received),
        () => closed,
      ),
    ended: () =>
      when(
        () => closed,
        () => false,
      ),
  };
}

/** One connection, some bytes, and all that comes back until the other side closes. */
export async function exchangeRaw(port: number, text: string): Promise<string> {
  const connection = await openRaw(port);
  connection.write(text);
  return connection.ended();
}

export const statusesOf = (answers: string): number[] =>
  [...answers.matchAll(/HTTP\/1\.[01] ([0-9]{3}) /g)].map(([, status]) => Number(status));
