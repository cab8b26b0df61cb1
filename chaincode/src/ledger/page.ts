// What a page of a list is: so many items, of so many bytes, and where the next one begins.
export interface PageOptions {
  readonly pageSize?: number | undefined;
  readonly bookmark?: string | undefined;
}
export interface Page<T> {
  readonly items: T[];
  readonly bookmark?: string;
}

/**
 * Most bytes of rows that a page is read from, beyond its first row: a fraction of the smallest message that anything
 * on the way from a peer to a client bears (4 MiB, gRPC's own default).
 */
export const PAGE_BYTES = 512 * 1024;
