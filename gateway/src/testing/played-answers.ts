// Answers that peers and orderers give seldom, played between a gateway and its peer: a call is answered as real
// Fabric was seen to answer it, or held while something else happens; every other call goes through.
import {
  InterceptingCall,
  type InterceptingListener,
  type Interceptor,
  Metadata,
  type NextCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { common, gateway as gatewayProtos, google, peer as peerProtos } from '@hyperledger/fabric-protos';

export type GatewayMethod = 'Endorse' | 'Submit' | 'CommitStatus' | 'Evaluate' | 'ChaincodeEvents';

export interface PlayedAnswer {
  readonly code: number;
  readonly message: string;
  readonly details?: readonly { readonly mspId: string; readonly message: string }[];
}

type Step = { readonly answer: PlayedAnswer | 'acknowledged' } | { readonly first: () => Promise<unknown> };

export class PlayedAnswers {
  readonly #steps = new Map<GatewayMethod, Step[]>();
  readonly #calls = new Map<GatewayMethod, number>();
  readonly #heights = new Map<string, () => number>();

  /** The next calls of this method are answered so, one each, and do not reach the peer. */
  answer(method: GatewayMethod, ...answers: readonly PlayedAnswer[]): void {
    this.#add(method, ...answers.map((answer) => ({ answer })));
  }

  /** The next transactions are acknowledged, one each, and reach nobody: as when the orderer that leads dies. */
  lose(transactions = 1): void {
    this.#add('Submit', ...Array.from({ length: transactions }, () => ({ answer: 'acknowledged' as const })));
  }

  /** The next call of this method leaves when this work is done. */
  hold(method: GatewayMethod, work: () => Promise<unknown>): void {
    this.#add(method, { first: work });
  }

  /** Where peers of this organisation are asked something by name, they answer that they have so many blocks. */
  answerHeight(mspId: string, height: () => number): void {
    this.#heights.set(mspId, height);
  }

  /** Calls of this method so far, played or not. */
  calls(method: GatewayMethod): number {
    return this.#calls.get(method) ?? 0;
  }

  readonly interceptor: Interceptor = (options, nextCall) => {
    const method = options.method_definition.path.split('/').at(-1) as GatewayMethod;
    this.#calls.set(method, this.calls(method) + 1);
    const step = this.#steps.get(method)?.shift();
    if (step === undefined && method === 'Evaluate' && this.#heights.size > 0)
      return this.#evaluate(nextCall(options));
    if (step === undefined) return new InterceptingCall(nextCall(options));
    if ('first' in step) {
      return new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => void step.first().then(() => next(metadata, listener)),
      });
    }
    return new InterceptingCall(nextCall(options), {
      start: (_metadata, listener) => {
        setImmediate(() => play(step.answer, listener as InterceptingListener));
      },
      sendMessage: () => {},
      halfClose: () => {},
    });
  };

  /** Goes through, unless it asks an organisation of which a height is played. */
  #evaluate(call: ReturnType<NextCall>): InterceptingCall {
    let goThrough = () => {};
    let listener: InterceptingListener;
    let isPlayed = false;
    return new InterceptingCall(call, {
      start: (metadata, listening, next) => {
        listener = listening as InterceptingListener;
        goThrough = () => next(metadata, listening);
      },
      sendMessage: (message, next) => {
        const [mspId = ''] = (message as gatewayProtos.EvaluateRequest).getTargetOrganizationsList();
        const height = this.#heights.get(mspId);
        isPlayed = height !== undefined;
        if (height === undefined) {
          goThrough();
          next(message);
          return;
        }
        setImmediate(() => {
          listener.onReceiveMessage(chainInfoOf(height()));
          listener.onReceiveStatus(statusOf({ code: 0, message: '' }));
        });
      },
      halfClose: (next) => {
        if (!isPlayed) next();
      },
    });
  }

  #add(method: GatewayMethod, ...steps: readonly Step[]): void {
    this.#steps.set(method, [...(this.#steps.get(method) ?? []), ...steps]);
  }
}

/** What a peer with so many blocks says of the chain. */
function chainInfoOf(height: number): gatewayProtos.EvaluateResponse {
  const info = new common.BlockchainInfo();
  info.setHeight(height);
  const result = new peerProtos.Response();
  result.setStatus(200);
  result.setPayload(info.serializeBinary());
  const answer = new gatewayProtos.EvaluateResponse();
  answer.setResult(result);
  return answer;
}

function play(answer: PlayedAnswer | 'acknowledged', listener: InterceptingListener): void {
  if (answer === 'acknowledged') listener.onReceiveMessage(new gatewayProtos.SubmitResponse());
  listener.onReceiveStatus(statusOf(answer === 'acknowledged' ? { code: 0, message: '' } : answer));
}

function statusOf({ code, message, details = [] }: PlayedAnswer): StatusObject {
  const metadata = new Metadata();
  const status = new google.rpc.Status();
  status.setCode(code);
  status.setMessage(message);
  for (const detail of details) {
    const said = new gatewayProtos.ErrorDetail();
    said.setAddress(`${detail.mspId.toLowerCase()}:7051`);
    said.setMspId(detail.mspId);
    said.setMessage(detail.message);
    const any = status.addDetails();
    any.setTypeUrl('type.googleapis.com/gateway.ErrorDetail');
    any.setValue(said.serializeBinary());
  }
  if (details.length > 0) metadata.set('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  return { code, details: message, metadata };
}
