// How the connection to the own peer is kept.
export const RECONNECT_MS = { first: 200, most: 5_000 } as const;

export const CHANNEL_OPTIONS = {
  // Fabric peers refuse pings more often than once a minute.
  'grpc.keepalive_time_ms': 120_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.first,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};
