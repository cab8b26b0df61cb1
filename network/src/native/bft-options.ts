// How BFT orderers agree, and when they leave one that leads (SmartBFT's options): in one place for channels that
// configtxgen makes and for those that hospitals found. They are in a channel's first block, whose digest all compare.
// The waits are shorter than Fabric's defaults: docs/decisions/0113-how-long-bft-orderers-wait-for-a-leader.md.

/** @param batchInterval as Go writes a duration: a block waits so long for more transactions */
export const bftOptions = (batchInterval: string) => ({
  RequestBatchMaxInterval: batchInterval,
  RequestForwardTimeout: '2s',
  RequestComplainTimeout: '10s',
  RequestAutoRemoveTimeout: '3m',
  ViewChangeResendInterval: '2s',
  ViewChangeTimeout: '10s',
  LeaderHeartbeatTimeout: '20s',
  LeaderHeartbeatCount: 10,
  CollectTimeout: '1s',
  IncomingMessageBufferSize: 200,
  RequestPoolSize: 100_000,
});
