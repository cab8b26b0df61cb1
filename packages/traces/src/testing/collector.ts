// A collector that keeps what it gets, for tests of who traces.
import { Tracer } from '../tracer.ts';

/** A span as it is sent. */
export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: string } }[];
  readonly status: { readonly code: number };
}

export class Collector {
  readonly texts: string[] = [];
  isAway = false;
  readonly fetch = (async (_url, init) => {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
    this.texts.push(String(init?.body));
    return new Response(null, { status: 200 });
  }) as typeof fetch;

  get spans(): ExportedSpan[] {
    return this.texts.flatMap((text) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans);
  }

  /** A tracer that sends to this collector; what it warns of is thrown where nobody takes it. */
  tracer(service: string, warn: (error: unknown) => void = rethrow): Tracer {
    const endpoint = new URL('http://127.0.0.1:4318/v1/traces');
    return new Tracer({ endpoint, service, mspId: 'Org1MSP', version: '1', warn, fetch: this.fetch });
  }
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** The attributes of a span by their names. */
export const attributesIn = ({ attributes }: ExportedSpan): Record<string, string | number> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));
