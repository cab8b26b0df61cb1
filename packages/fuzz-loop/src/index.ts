// The package's public surface.
export { deadlineOf, Finding, FuzzFailure, type FuzzTarget, fuzzPass, type OpenTarget } from './fuzz-pass.ts';
export { fuzzProgram } from './fuzz-program.ts';
export { mutateBytes, mutateJson } from './mutations.ts';
export { Random } from './random.ts';
