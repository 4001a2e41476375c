// @npmcli/agent ships no types. Only what http-get.ts uses is declared here.

declare module '@npmcli/agent' {
  import type { Agent } from 'node:http';

  /** An agent for the address, kept for the next one with the same options; through a proxy where that is set. */
  export function getAgent(
    url: string,
    options: {
      readonly ca?: unknown;
      readonly cert?: unknown;
      readonly key?: unknown;
      readonly localAddress?: unknown;
      readonly maxSockets?: unknown;
      readonly noProxy?: unknown;
      readonly proxy?: unknown;
      readonly rejectUnauthorized?: boolean;
      /** Milliseconds. */
      readonly timeouts?: { readonly connection?: number; readonly idle?: number };
    },
  ): Agent;
}
