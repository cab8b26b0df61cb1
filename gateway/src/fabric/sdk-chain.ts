// What peers say of the chain itself, by Fabric's own chaincode for that (qscc): how many blocks there are, and each.
import { GatewayError, type Network } from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import type { OwnPeers } from './sdk-peers.ts';

export interface Until {
  readonly deadline: number;
}

interface Question {
  readonly name: 'GetChainInfo' | 'GetBlockByNumber' | 'GetBlockByTxID';
  readonly parameter?: string;
  /** The organisation whose peer answers; any where absent. */
  readonly of?: string;
}

/** How long a peer of one organisation may take to say how many blocks it has. */
const HEIGHT_MS = 5_000;

/** @throws GatewayError, where nothing else is said */
export class PeerChain {
  readonly #peers: Pick<OwnPeers, 'ask'>;
  readonly #network: () => Network;

  constructor(peers: Pick<OwnPeers, 'ask'>, network: () => Network) {
    this.#peers = peers;
    this.#network = network;
  }

  /** The number of blocks. */
  async height(until: Until): Promise<number> {
    return heightIn(await this.#ask({ name: 'GetChainInfo' }, until));
  }

  /** The number of blocks that a peer of this organisation has; undefined where it does not say in time. */
  async heightAt(mspId: string, { deadline }: Until): Promise<number | undefined> {
    const until = { deadline: Math.min(deadline, Date.now() + HEIGHT_MS) };
    try {
      return heightIn(await this.#ask({ name: 'GetChainInfo', of: mspId }, until));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return undefined;
    }
  }

  block(number: number, until: Until): Promise<Uint8Array> {
    return this.#ask({ name: 'GetBlockByNumber', parameter: String(number) }, until);
  }

  blockOf(transactionId: string, until: Until): Promise<Uint8Array> {
    return this.#ask({ name: 'GetBlockByTxID', parameter: transactionId }, until);
  }

  #ask({ name, parameter, of }: Question, until: Until): Promise<Uint8Array> {
    const network = this.#network();
    const proposal = network.getContract('qscc').newProposal(name, {
      arguments: [network.getName(), ...(parameter === undefined ? [] : [parameter])],
      ...(of !== undefined && { endorsingOrganizations: [of] }),
    });
    return this.#peers.ask(() => proposal.evaluate(until));
  }
}

const heightIn = (chainInfo: Uint8Array): number =>
  common.BlockchainInfo.deserializeBinary(chainInfo).getHeight();
