/** One organisation's listening port: gateway, endorser and block delivery over gRPC with TLS. */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { type DeliverStatus, type DeliveryContext, deliver } from '../deliver/block-delivery.ts';
import { filterBlock } from '../deliver/filtered-block.ts';
import { privateDataOf } from '../deliver/private-data.ts';
import { common, gateway, peer } from '../fabric-protos.ts';
import type { GatewayService } from '../gateway/gateway-service.ts';
import { RpcError } from '../gateway/rpc-error.ts';
import { MESSAGE_OPTIONS } from '../grpc-options.ts';
import type { KeyAndCertificate } from '../identities/authority.ts';
import type { Block } from '../ledger/block.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { Endorser } from './endorser.ts';

type Envelope = InstanceType<typeof common.Envelope>;
type DeliverResponse = InstanceType<typeof peer.DeliverResponse>;
type DeliverCall = ServerDuplexStream<Envelope, DeliverResponse>;

/** Fabric's defaults under `peer.limits.concurrency`. */
const MAX_REQUESTS = 2_500;
const MAX_GATEWAY_REQUESTS = 500;

export interface PeerServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: KeyAndCertificate;
  readonly gateway: GatewayService;
  readonly endorser: Endorser;
  readonly delivery: DeliveryContext;
}

export interface RunningServer {
  readonly port: number;
  close(): void;
}

export async function startPeerServer(options: PeerServerOptions): Promise<RunningServer> {
  const server = new Server(MESSAGE_OPTIONS);
  addGateway(server, options.gateway);
  const endorsing = new ConcurrencyLimit('/protos.Endorser', MAX_REQUESTS);
  const delivering = new ConcurrencyLimit('/protos.Deliver', MAX_REQUESTS);
  server.addService(peer.EndorserService, {
    processProposal: unary(endorsing, async (signed: InstanceType<typeof peer.SignedProposal>) => {
      const { response, error } = await options.endorser.processProposal(signed);
      if (error !== undefined) throw new RpcError(status.UNKNOWN, error);
      return response!;
    }),
  });
  const { delivery } = options;
  server.addService(peer.DeliverService, {
    deliver: (call: DeliverCall) =>
      serveDelivery(call, { limit: delivering, context: delivery }, blockResponse),
    deliverFiltered: (call: DeliverCall) =>
      serveDelivery(call, { limit: delivering, context: delivery }, filteredResponse),
    deliverWithPrivateData: (call: DeliverCall) =>
      serveDelivery(call, { limit: delivering, context: delivery }, (block) =>
        privateResponse(block, options),
      ),
  });
  return listen(server, options);
}

export function listen(
  server: Server,
  options: { readonly host: string; readonly port: number; readonly tls: KeyAndCertificate },
): Promise<RunningServer> {
  const { host, port, tls } = options;
  const pair = { private_key: Buffer.from(tls.privateKeyPem), cert_chain: Buffer.from(tls.certificatePem) };
  const credentials = ServerCredentials.createSsl(null, [pair]);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => {
      if (error) reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
      else resolve({ port: bound, close: () => server.forceShutdown() });
    });
  });
}

function addGateway(server: Server, service: GatewayService): void {
  const limit = new ConcurrencyLimit('/gateway.Gateway', MAX_GATEWAY_REQUESTS);
  server.addService(gateway.GatewayService, {
    evaluate: unary(limit, (request: InstanceType<typeof gateway.EvaluateRequest>) =>
      service.evaluate(request),
    ),
    endorse: unary(limit, (request: InstanceType<typeof gateway.EndorseRequest>) => service.endorse(request)),
    submit: unary(limit, (request: InstanceType<typeof gateway.SubmitRequest>) => service.submit(request)),
    commitStatus: unary(limit, (request: InstanceType<typeof gateway.SignedCommitStatusRequest>, signal) =>
      service.commitStatus(request, signal),
    ),
    chaincodeEvents: (
      call: ServerWritableStream<
        InstanceType<typeof gateway.SignedChaincodeEventsRequest>,
        InstanceType<typeof gateway.ChaincodeEventsResponse>
      >,
    ) => {
      const signal = cancellation(call);
      const pump = async () => {
        // Headers now, so that the client knows it is listening before the first event exists.
        call.sendMetadata(new Metadata());
        for await (const response of service.chaincodeEvents(call.request, signal)) {
          await write(call, response, signal);
        }
      };
      limit.run(pump).catch((error: unknown) => {
        if (!signal.aborted) call.emit('error', statusOf(error));
      });
    },
  });
}

function unary<Request, Response>(
  limit: ConcurrencyLimit,
  handle: (request: Request, signal: AbortSignal) => Promise<Response> | Response,
): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
  return (call, callback) => {
    const signal = cancellation(call);
    limit
      .run(() => handle(call.request, signal))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          if (!signal.aborted) callback(statusOf(error));
        },
      );
  };
}

async function serveDelivery(
  call: DeliverCall,
  { limit, context }: { readonly limit: ConcurrencyLimit; readonly context: DeliveryContext },
  respond: (block: Block) => DeliverResponse,
): Promise<void> {
  const signal = cancellation(call);
  const serve = async () => {
    for await (const envelope of call as AsyncIterable<Envelope>) {
      const outcome = await deliver(envelope, context, {
        signal,
        send: (block) => write(call, respond(block), signal),
      });
      await write(call, statusResponse(outcome), signal);
      if (outcome !== common.Status.SUCCESS) break;
    }
    call.end();
  };
  try {
    await limit.run(serve);
  } catch (error) {
    if (!signal.aborted) call.emit('error', statusOf(error));
  }
}

function blockResponse(block: Block): DeliverResponse {
  const response = new peer.DeliverResponse();
  response.setBlock(block);
  return response;
}

function filteredResponse(block: Block): DeliverResponse {
  const response = new peer.DeliverResponse();
  response.setFilteredBlock(filterBlock(block));
  return response;
}

function privateResponse(block: Block, options: PeerServerOptions): DeliverResponse {
  const response = new peer.DeliverResponse();
  const { delivery, endorser } = options;
  response.setBlockAndPrivateData(privateDataOf(block, delivery.store, endorser.mspId));
  return response;
}

function statusResponse(code: DeliverStatus): DeliverResponse {
  const response = new peer.DeliverResponse();
  response.setStatus(code);
  return response;
}

function cancellation(call: { on(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort(new RpcError(status.CANCELLED, 'context canceled')));
  return controller.signal;
}

/** Waits while the client is slower than we are. */
export function write<T>(
  call: { write(message: T): boolean; once(event: 'drain', listener: () => void): unknown },
  message: T,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (call.write(message)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    call.once('drain', resolve);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function statusOf(error: unknown): ReturnType<RpcError['toStatus']> & { name: string; message: string } {
  const rpc = error instanceof RpcError ? error : new RpcError(status.UNKNOWN, (error as Error).message);
  return { ...rpc.toStatus(), name: 'RpcError', message: rpc.message };
}
