// Preloaded (`node --import`): properties of fast-check take PROPERTY_RUNS times as many runs as their tests say, and
// begin at SEED where it is set. So `make fuzz` searches further with the tests that `make test` runs, as they are.
import { registerHooks } from 'node:module';

const own = new URL('longer-properties.js', import.meta.url).href;
const wrapper = new URL('longer-fast-check.js', import.meta.url).href;

registerHooks({
  resolve: (name, context, next) =>
    name === 'fast-check' && context.parentURL !== own && context.parentURL !== wrapper
      ? { url: wrapper, format: 'module', shortCircuit: true }
      : next(name, context),
});
