/** Limits every gRPC server and client here shares. */

/** Fabric peers' default for sent and received messages. */
export const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

export const MESSAGE_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
} as const;
