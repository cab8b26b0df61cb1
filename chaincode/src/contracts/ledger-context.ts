// What a transaction has at hand besides Fabric's own: a clock to judge the client's against.
import { Context, Contract } from 'fabric-contract-api';
import { DomainError } from '../domain/index.ts';

export class LedgerContext extends Context {
  /** This endorser's own clock, in epoch milliseconds. Nothing of it may reach a result. */
  now(): number {
    return Date.now();
  }
}

/** A contract of this chaincode: a name, and one method per transaction with one JSON argument. */
export class LedgerContract extends Contract {
  override createContext(): LedgerContext {
    return new LedgerContext();
  }

  override async unknownTransaction(context: Context): Promise<void> {
    const { fcn } = context.stub.getFunctionAndParameters();
    throw new DomainError('INVALID_ARGUMENT', `there is no transaction ${fcn.slice(0, 100)}`);
  }
}
