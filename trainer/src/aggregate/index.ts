// The public surface of aggregation.
export { type Aggregation, AggregationRefusedError, type WeightedUpdate } from './aggregation.ts';
export { aggregationOf } from './aggregation-rules.ts';
export { checkUpdate, impliedUpdateNormL2, type UpdateLimits } from './check-update.ts';
export { aggregateFedAvg } from './fed-avg.ts';
export {
  decodeParameters,
  dequantizeParameters,
  encodeParameters,
  hashParameters,
  PARAMETER_SCALE_BITS,
  ParameterFormatError,
  ParameterRangeError,
  quantizeParameters,
} from './parameter-lattice.ts';
export {
  initialServerState,
  SERVER_OPTIMIZERS,
  type ServerOptimizerPlan,
  type ServerOptimizerState,
  stepServer,
} from './server-optimizer.ts';
