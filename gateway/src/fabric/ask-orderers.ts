// Asks orderers for their newest block, each over a connection of its own, which is closed again.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import { type Client, credentials, status as GrpcStatus } from '@grpc/grpc-js';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import {
  type OrdererAnswer,
  type OrdererEndpoint,
  type OrderersSeen,
  type Ordering,
  orderersSeen,
} from './orderers-seen.ts';

/** Who asks: a reader of the channel. */
export interface Asker {
  readonly channel: string;
  readonly mspId: string;
  /** PEM. */
  readonly certificate: string;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}

const ANSWER_TIMEOUT_MS = 3_000;
const HANDSHAKE_TIMEOUT_MS = 2_000;

/** Asks all of them at once. */
export async function askOrderers(ordering: Ordering, asker: Asker): Promise<OrderersSeen> {
  const answers = await Promise.all(ordering.endpoints.map((one) => askOrderer(one, asker)));
  return orderersSeen(ordering, answers);
}

/** One orderer alone; its organisation writes its address, which may be none. */
export async function askOrderer(endpoint: OrdererEndpoint, asker: Asker): Promise<OrdererAnswer> {
  try {
    const answer = await asked(endpoint, asker);
    return answer === 'silent' && (await isThere(endpoint)) ? 'unknown' : answer;
  } catch {
    return 'silent';
  }
}

/** Whether something speaks TLS, or refuses to speak it with us: an orderer may want a certificate that we lack. */
function isThere({ address, tlsRootCertificates }: OrdererEndpoint): Promise<boolean> {
  const { hostname: host, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), servername: host, ca: [...tlsRootCertificates] });
    const answer = (is: boolean) => {
      resolve(is);
      socket.destroy();
    };
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => answer(false));
    socket.once('secureConnect', () => answer(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => answer(!UNREACHED.has(code ?? '')));
  });
}

const UNREACHED = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

async function asked(endpoint: OrdererEndpoint, asker: Asker): Promise<OrdererAnswer> {
  const { address, tlsRootCertificates } = endpoint;
  const tls = credentials.createSsl(Buffer.from(tlsRootCertificates.join('\n')));
  const client = new orderer.AtomicBroadcastClient(address, tls, { 'grpc.enable_retries': 0 });
  try {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    await new Promise<void>((resolve, reject) =>
      (client as Client).waitForReady(deadline, (error) => (error ? reject(error) : resolve())),
    );
    return await newestBlock(client, await seekNewest(asker), deadline);
  } catch {
    return 'silent';
  } finally {
    client.close();
  }
}

function newestBlock(
  client: InstanceType<typeof orderer.AtomicBroadcastClient>,
  request: common.Envelope,
  deadline: number,
): Promise<OrdererAnswer> {
  return new Promise((resolve) => {
    const stream = client.deliver({ deadline });
    stream.on('data', (response: InstanceType<typeof orderer.DeliverResponse>) => {
      if (response.hasBlock()) resolve('serves');
      else resolve(response.getStatus() === common.Status.SERVICE_UNAVAILABLE ? 'no leader' : 'unknown');
      stream.end();
    });
    stream.on('error', ({ code }: { readonly code?: number }) =>
      resolve(
        code === GrpcStatus.UNAVAILABLE || code === GrpcStatus.DEADLINE_EXCEEDED ? 'silent' : 'unknown',
      ),
    );
    stream.on('end', () => resolve('unknown'));
    stream.write(request);
  });
}

/** The newest block's header alone, where the orderer knows how to leave out the rest. */
async function seekNewest({ channel, mspId, certificate, sign }: Asker): Promise<common.Envelope> {
  const newest = new orderer.SeekPosition();
  newest.setNewest(new orderer.SeekNewest());
  const seek = new orderer.SeekInfo();
  seek.setStart(newest);
  seek.setStop(newest);
  seek.setBehavior(orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY);
  seek.setErrorResponse(orderer.SeekInfo.SeekErrorResponse.STRICT);
  seek.setContentType(orderer.SeekInfo.SeekContentType.HEADER_WITH_SIG);
  const creator = new msp.SerializedIdentity();
  creator.setMspid(mspId);
  creator.setIdBytes(Buffer.from(certificate));
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
  channelHeader.setChannelId(channel);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator.serializeBinary());
  signatureHeader.setNonce(randomBytes(24));
  const header = new common.Header();
  header.setChannelHeader(Buffer.concat([channelHeader.serializeBinary(), timestampField(Date.now())]));
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(seek.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(await sign(envelope.getPayload_asU8()));
  return envelope;
}

/** Field 3 of a ChannelHeader, in whole seconds: the message's own class comes from a package that is not ours. */
function timestampField(nowMs: number): Buffer {
  const seconds: number[] = [];
  for (let left = Math.floor(nowMs / 1000); ; left = Math.floor(left / 128)) {
    const more = left >= 128;
    seconds.push((left % 128) + (more ? 128 : 0));
    if (!more) break;
  }
  return Buffer.from([0x1a, seconds.length + 1, 0x08, ...seconds]);
}
