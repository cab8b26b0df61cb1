// What reading patients' data needs of the domain. No schema library comes with it: threads that read data, of which
// there is one for each request, start in a third of the time.
export { canonicalJson } from './canonical-json.ts';
export {
  type EncodedFeature,
  type EncodedTarget,
  encodingOf,
  inputNames,
  targetOf,
} from './dictionary-encoding.ts';
export { bandOf } from './public-bands.ts';
