import { KEY_SUBPROTOCOL_PREFIX } from '../../client-sdk/protocol.ts';

/**
 * The API key that a request for a WebSocket presents, or null.
 * @param authorization the header, '' when there is none. Of a scheme other than Bearer it is for somebody else.
 * @param subprotocols the `Sec-WebSocket-Protocol` header, for browsers, whose WebSockets can set no other.
 */
export function presentedKey(authorization: string, subprotocols: string): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization);
  if (bearer) return bearer[1]!;
  for (const offered of subprotocols.split(',')) {
    const name = offered.trim();
    if (name.startsWith(KEY_SUBPROTOCOL_PREFIX)) return name.slice(KEY_SUBPROTOCOL_PREFIX.length);
  }

  return null;
}
