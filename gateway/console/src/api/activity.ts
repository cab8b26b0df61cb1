// Whether somebody is there. The page asks much by itself: events renew what it shows. A session must end at a desk
// that somebody left all the same, so a request that nobody is behind says so.

/** Whoever did nothing for so long may have left. */
const ACTIVE_MS = 60_000;

/** The gateway counts a request with it as no use of the session. */
export const BACKGROUND_HEADER = { 'x-consilium-background': '1' } as const;

let actedAtMs = performance.now();
for (const act of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
  const note = () => {
    actedAtMs = performance.now();
  };
  // Node has no window to do something in.
  globalThis.addEventListener?.(act, note, { passive: true, capture: true });
}

const isSomebodyThere = (): boolean => performance.now() - actedAtMs < ACTIVE_MS;

/** fetch, which says so where nobody is behind a request. */
export const fetchAttended =
  (send: typeof fetch = fetch, isThere: () => boolean = isSomebodyThere): typeof fetch =>
  (input, options) => {
    if (isThere()) return send(input, options);
    const headers = new Headers(options?.headers);
    for (const [name, value] of Object.entries(BACKGROUND_HEADER)) headers.set(name, value);
    return send(input, { ...options, headers });
  };
