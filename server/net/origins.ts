/**
 * Whether a WebSocket may be opened from where the request says it comes. Browsers let any page open a WebSocket to
 * any host, this machine's loopback included, and say only in `Origin` which page it is.
 * @param origin the header, '' when there is none: programs send none.
 * @param host the `Host` header: pages of the server itself may connect.
 * @param allowed `self`, `*`, or origins separated by commas.
 */
export function isOriginAllowed(origin: string, host: string, allowed: string): boolean {
  if (origin === '' || allowed === '*') return true;
  if (allowed.split(',').includes(origin)) return true;

  return URL.canParse(origin) && new URL(origin).host === host;
}
