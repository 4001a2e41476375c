import { Failure } from '../failure.ts';

/** Whether a host name, as `URL` gives it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** @throws {Failure} unless the address is encrypted, or this machine's. */
export function assertSecure(address: string): void {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  throw new Failure(`A model may only come from an https: address; ${protocol}//${hostname} is not one.`);
}
