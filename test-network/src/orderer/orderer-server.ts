/** The ordering service's own port: AtomicBroadcast, for clients that send to the orderer themselves. */
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { type DeliveryContext, deliver } from '../deliver/block-delivery.ts';
import { common, orderer as ordererProtos } from '../fabric-protos.ts';
import { MESSAGE_OPTIONS } from '../grpc-options.ts';
import type { KeyAndCertificate } from '../identities/authority.ts';
import { listen, type RunningServer, write } from '../peer/peer-server.ts';
import type { Orderer } from './orderer.ts';

type Envelope = InstanceType<typeof common.Envelope>;
type BroadcastResponse = InstanceType<typeof ordererProtos.BroadcastResponse>;
type DeliverResponse = InstanceType<typeof ordererProtos.DeliverResponse>;

export async function startOrdererServer(options: {
  readonly host: string;
  readonly port: number;
  readonly tls: KeyAndCertificate;
  readonly orderer: Orderer;
  readonly delivery: DeliveryContext;
}): Promise<RunningServer> {
  const server = new Server(MESSAGE_OPTIONS);
  server.addService(ordererProtos.AtomicBroadcastService, {
    broadcast: (call: ServerDuplexStream<Envelope, BroadcastResponse>) => {
      call.on('data', (envelope: Envelope) => {
        const { status, info } = options.orderer.broadcast(envelope);
        const response = new ordererProtos.BroadcastResponse();
        response.setStatus(status);
        response.setInfo(info);
        call.write(response);
        if (status !== common.Status.SUCCESS) call.end();
      });
      call.on('end', () => call.end());
      // A client that breaks off has nothing more to hear.
      call.on('error', () => undefined);
    },
    deliver: async (call: ServerDuplexStream<Envelope, DeliverResponse>) => {
      const controller = new AbortController();
      call.on('cancelled', () => controller.abort(new Error('the client went away')));
      try {
        for await (const envelope of call as AsyncIterable<Envelope>) {
          const outcome = await deliver(envelope, options.delivery, {
            signal: controller.signal,
            send: (block) => {
              const response = new ordererProtos.DeliverResponse();
              response.setBlock(block);
              return write(call, response, controller.signal);
            },
          });
          const response = new ordererProtos.DeliverResponse();
          response.setStatus(outcome);
          await write(call, response, controller.signal);
          if (outcome !== common.Status.SUCCESS) break;
        }
        call.end();
      } catch (error) {
        if (!controller.signal.aborted) call.emit('error', error);
      }
    },
  });
  return listen(server, options);
}
