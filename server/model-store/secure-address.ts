import { DownloadFailure } from './download-failure.ts';

/** Whether a host name, as `URL` gives it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/**
 * @param advice what to do else.
 * @throws {DownloadFailure} unless the address is encrypted, or this machine's.
 */
export function assertSecure(address: string, advice: string): void {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  const problem = `A model may only come from an https: address; ${protocol}//${hostname} is not one.`;
  throw new DownloadFailure(problem, advice, false);
}
