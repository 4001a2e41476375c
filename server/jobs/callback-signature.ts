import { createHmac } from 'node:crypto';

/** Header of a callback that proves who sent it, and when. */
export const SIGNATURE_HEADER = 'roundtable-signature';

/**
 * HMAC-SHA-256 (RFC 2104) over the time, a full stop and the body, so that neither can be changed, nor an old callback be sent
 * again later.
 * @param atSeconds since 1970.
 */
export function signature(secret: string | Buffer, atSeconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');

  return `t=${atSeconds},v1=${digest}`;
}
