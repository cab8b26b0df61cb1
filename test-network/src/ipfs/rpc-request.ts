// The query of an RPC call: arguments, and options of a declared type, refused in Kubo's words when they are
// not.

import { KuboBadRequest } from './kubo-error.ts';

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  TRUE: true,
  t: true,
  T: true,
  '1': true,
  false: false,
  False: false,
  FALSE: false,
  f: false,
  F: false,
  '0': false,
};

export class RpcRequest {
  readonly #query: URLSearchParams;

  constructor(query: URLSearchParams) {
    this.#query = query;
  }

  args(): string[] {
    return this.#query.getAll('arg');
  }

  requiredArgs(name: string): string[] {
    const args = this.args();
    if (args.length === 0) throw new KuboBadRequest(`argument "${name}" is required`);
    return args;
  }

  requiredArg(name: string): string {
    return this.requiredArgs(name)[0]!;
  }

  string(name: string): string | undefined {
    const values = this.#query.getAll(name);
    if (values.length > 1) {
      throw new KuboBadRequest(
        `expected key ${name} to have only a single value, received [${values.join(' ')}]`,
      );
    }
    return values[0];
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    if (value === undefined || value === '') return value === '' ? true : undefined;
    if (!Object.hasOwn(BOOLEANS, value)) throw notOfType(name, value, 'bool');
    return BOOLEANS[value];
  }

  integer(name: string, type: 'int' | 'int64' = 'int'): number | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (!/^[+-]?\d{1,15}$/.test(value)) throw notOfType(name, value, type);
    return Number.parseInt(value, 10);
  }
}

function notOfType(name: string, value: string, type: string): KuboBadRequest {
  return new KuboBadRequest(`could not convert value "${value}" to type "${type}" (for option "-${name}")`);
}
