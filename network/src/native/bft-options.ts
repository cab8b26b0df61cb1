// How BFT orderers agree, and when they leave one that leads (SmartBFT's options): in one place for channels that
// configtxgen makes and for those that hospitals found. They are in a channel's first block, whose digest all compare.

/** @param batchInterval as Go writes a duration: a block waits so long for more transactions */
export const bftOptions = (batchInterval: string) => ({
  RequestBatchMaxInterval: batchInterval,
  RequestForwardTimeout: '5s',
  RequestComplainTimeout: '20s',
  RequestAutoRemoveTimeout: '3m',
  ViewChangeResendInterval: '5s',
  ViewChangeTimeout: '20s',
  LeaderHeartbeatTimeout: '1m',
  LeaderHeartbeatCount: 10,
  CollectTimeout: '1s',
  IncomingMessageBufferSize: 200,
  RequestPoolSize: 100_000,
});
