import { readFileSync } from 'node:fs';

/** Compiled, this module lies a folder deeper than its source. */
const PACKAGE_JSON = new URL(
  import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json',
  import.meta.url,
);

/** Of this server, as `package.json` has it. */
export const VERSION = (JSON.parse(readFileSync(PACKAGE_JSON, 'utf8')) as { version: string }).version;
