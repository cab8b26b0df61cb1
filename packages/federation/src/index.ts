// The public surface of aggregation.
export { type Aggregation, AggregationRefusedError, type WeightedUpdate } from './aggregation.ts';
export { aggregationOf } from './aggregation-rules.ts';
export { checkUpdate, impliedUpdateNormL2, type UpdateLimits } from './check-update.ts';
export { type ControlPlan, type ControlVariates, controlShift } from './control-variates.ts';
export { aggregateFedAvg } from './fed-avg.ts';
export {
  decodeParameters,
  dequantizeParameters,
  encodeParameters,
  hashParameters,
  PARAMETER_SCALE_BITS,
  ParameterFormatError,
  ParameterRangeError,
  parameterBytes,
  quantizeParameters,
  saturateParameter,
} from './parameter-lattice.ts';
export type { AveragingPlan, RoundAverage } from './round-average.ts';
export {
  SERVER_OPTIMIZERS,
  type ServerOptimizerPlan,
  type ServerOptimizerState,
} from './server-optimizer.ts';
export {
  type FederationPlan,
  initialModel,
  nextModel,
  outcomeOf,
  type SharedModel,
} from './shared-model.ts';
export {
  decodeSharedModel,
  encodeSharedModel,
  hashSharedModel,
  mostSharedModelBytes,
} from './shared-model-bytes.ts';
export type { SiteUpdate, SiteWeight } from './sites.ts';
export { aggregateRound, federationOf, shiftOf, sitesOf } from './study-federation.ts';
