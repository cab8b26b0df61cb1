// Stand-ins for the runtime's binding that treat given arrays otherwise than the version that is pinned. Preloaded
// (`node --import`), also into the threads of a process, by the name that BINDING has.
import { registerHooks } from 'node:module';

/** What each stand-in does with a run over given arrays. */
export const OTHER_BINDINGS = {
  'converts sequences': 'answers also with the sequence, and without an error',
  'says otherwise': 'ends with another sentence at an output that is no tensor',
  'says it early': 'ends with the sentence known, and has run nothing',
  'writes elsewhere': 'answers with arrays of its own and leaves those given as they are',
  'writes doubles elsewhere': 'leaves given arrays of doubles as they are, and writes those of floats',
} as const;
export type OtherBinding = keyof typeof OTHER_BINDINGS;

const STAND_IN = 'consilium:other-binding';

/** The stand-in's source: it wraps the real binding. */
const sourceOf = (name: string, real: string): string => `
import ort from ${JSON.stringify(real)};
const SENTENCE = 'Non tensor type is temporarily not supported.';
const name = ${JSON.stringify(name)};
function wrapped(session) {
  const run = session.run.bind(session);
  session.run = async (feeds, fetches) => {
    if (Array.isArray(fetches)) return run(feeds, fetches);
    const asked = Object.keys(fetches);
    const tensors = asked.filter((output) => fetches[output] !== null);
    if (name === 'writes elsewhere') return run(feeds, tensors);
    if (name === 'writes doubles elsewhere') {
      const given = Object.entries(fetches);
      const floats = given.map(([output, tensor]) => [output, tensor?.type === 'float64' ? null : tensor]);
      return run(feeds, Object.fromEntries(floats));
    }
    if (tensors.length === asked.length) return run(feeds, fetches);
    if (name === 'says otherwise') throw new Error('Output is not a tensor.');
    if (name === 'says it early') throw new Error(SENTENCE);
    const results = await run(feeds, tensors);
    return { ...results, ...Object.fromEntries(asked.filter((one) => !tensors.includes(one)).map((one) => [one, []])) };
  };
  return session;
}
export default {
  Tensor: ort.Tensor,
  InferenceSession: { create: async (...all) => wrapped(await ort.InferenceSession.create(...all)) },
};
`;

const binding = process.env.BINDING ?? '';
if (Object.hasOwn(OTHER_BINDINGS, binding)) {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'onnxruntime-node' || context.parentURL?.startsWith(STAND_IN)) {
        return next(specifier, context);
      }
      const { url } = next(specifier, context);
      return { url: `${STAND_IN}?${encodeURIComponent(url)}`, format: 'module', shortCircuit: true };
    },
    load(url, context, next) {
      if (!url.startsWith(STAND_IN)) return next(url, context);
      const real = decodeURIComponent(url.slice(STAND_IN.length + 1));
      return { format: 'module', source: sourceOf(binding, real), shortCircuit: true };
    },
  });
}
