// How a process is known to do its work: it is asked for something only a working one can answer.
import { connect } from 'node:net';

/** Whether something accepts connections on the port, of the loopback interface unless an address is given. */
export const accepts = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    const answer = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.setTimeout(1000, () => answer(false));
  });

/** Whether a GET is answered with success. */
export async function answers(url: string, key?: string): Promise<boolean> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
  await response.arrayBuffer();
  return response.ok;
}
