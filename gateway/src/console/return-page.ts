// Where a browser goes after it signed in: a page of this console, whatever an address that somebody was given says.
const CONSOLE = '/console/';
const CHARACTERS_MAX = 1_000;
/** Of no scheme or host that a browser would ever ask. */
const HERE = 'http://console.invalid';

/** The path of a page of the console, with its query; the first page for everything else. */
export function returnPage(to: string | undefined): string {
  if (to === undefined || to.length > CHARACTERS_MAX || !to.startsWith(CONSOLE)) return CONSOLE;
  const url = URL.parse(to, HERE);
  if (url === null || url.origin !== HERE || !url.pathname.startsWith(CONSOLE)) return CONSOLE;
  return `${url.pathname}${url.search}`;
}
