// What peers say when they refuse, cleaned for the public: sentences stay, addresses and paths go.
import { DomainError, parseDomainError } from '@consilium/domain/ledger';
import type { Refusal } from './ledger.ts';

const INTERNALS = [
  /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, // IPv4 address and port
  /\[[0-9a-f:]+\](?::\d+)?/gi, // IPv6 address and port
  /\b[a-z0-9.-]+:\d{2,5}\b/gi, // host and port
  /(?:\/[\w.@-]+){2,}/g, // file path
];
const MESSAGE_CHARACTERS_MAX = 500;

/** One message without addresses or paths, on one line, of bounded length. */
export function publicMessage(message: string): string {
  const refusal = parseDomainError(message);
  if (refusal !== undefined) return refusal.message.slice(0, MESSAGE_CHARACTERS_MAX);
  const sentence = INTERNALS.reduce((text, pattern) => text.replace(pattern, '…'), message);
  return (sentence.split('\n')[0] ?? '').slice(0, MESSAGE_CHARACTERS_MAX);
}

export const publicRefusals = (refusals: readonly Refusal[]): Refusal[] =>
  refusals.map(({ mspId, message }) => ({ mspId, message: publicMessage(message) }));

/**
 * The rule that peers refused by, if one did: the code most of them gave, the first of equals.
 *
 * Each organisation's peer applies the rules itself, so that peers may differ (their own organisation's
 * verdict, a block more or less); the answer names the commonest refusal and lists the rest.
 */
export function domainRefusal(messages: readonly string[], cause: unknown): DomainError | undefined {
  const refusals = messages.map(parseDomainError).filter((refusal) => refusal !== undefined);
  const count = (code: string) => refusals.filter((refusal) => refusal.code === code).length;
  const [commonest] = refusals.toSorted((a, b) => count(b.code) - count(a.code));
  if (commonest === undefined) return undefined;
  const error = new DomainError(commonest.code, commonest.detail);
  error.cause = cause;
  return error;
}
