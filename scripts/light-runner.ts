// Loaded before anything else in the processes of a whole test run. To say which test an error belongs to that nobody
// caught, node's runner follows every promise from its birth until it is collected, which takes up to a quarter of a
// process's time in tests that do much in memory. Without that it follows timers, sockets and the like alone: such an
// error still fails its file and is printed, but not always under its test. `make test T=` follows promises as usual.
// Decision 112 says more.
import asyncHooks from 'node:async_hooks';

const { createHook } = asyncHooks;
const RUNNER = 'node:internal/test_runner/';

/** Promises of Node before 24.12 are followed all the same, which has no such option. */
type Callbacks = asyncHooks.HookCallbacks & { readonly trackPromises?: boolean };

Object.assign(asyncHooks, {
  createHook: (callbacks: Callbacks) => {
    const isRunner = new Error().stack?.includes(RUNNER) ?? false;
    return createHook(isRunner ? ({ ...callbacks, trackPromises: false } as Callbacks) : callbacks);
  },
});
