import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 24;

/** A secret that a client takes its stream up again with: 32 characters that no URL has to escape. */
export function newResumeToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What is kept of a token: SHA-256 in hexadecimal. A token has too much chance in it for guessing, so no salt. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
