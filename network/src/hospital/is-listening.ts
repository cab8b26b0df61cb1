// Whether anything takes a connection at a host and port, in a time in which a firewall that drops packets is known.
import { connect } from 'node:net';

export const CONNECT_MS = 5000;

export const isListening = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(CONNECT_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
