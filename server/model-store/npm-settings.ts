import { dirname, join } from 'node:path';
import Config from '@npmcli/config';
import npm from '@npmcli/config/lib/definitions/index.js';
import type npmFetch from 'npm-registry-fetch';
import { Failure } from '../failure.ts';

/** npm's settings in the form its libraries take: registries by scope, credentials, proxy, authorities, retries. */
export type NpmSettings = npmFetch.Options & {
  readonly offline?: boolean;
  readonly httpsProxy?: string | null;
  readonly noProxy?: string | readonly string[];
  readonly userAgent?: string;
  readonly replaceRegistryHost?: string;
  readonly retry?: RetrySettings;
};

/** How npm repeats a failed request: `minTimeout` ms, then `factor` times as long each time, up to `maxTimeout` ms. */
export interface RetrySettings {
  readonly retries?: number;
  readonly factor?: number;
  readonly minTimeout?: number;
  readonly maxTimeout?: number;
}

/** Where npm looks for its settings. */
export interface NpmEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** The project's .npmrc is looked for here and above. */
  readonly cwd: string;
}

/** Host of the public registry, the one whose tarball addresses npm redirects to a configured mirror. */
export const publicRegistryHost = new URL(String(npm.definitions.registry.default)).host;

/**
 * Loads the settings npm itself would use here: built-in, global, user and project .npmrc, then `npm_config_*`.
 * @throws {Failure} when npm would refuse them.
 */
export async function loadNpmSettings({ env, cwd }: NpmEnvironment): Promise<NpmSettings> {
  const config = new Config({
    ...npm,
    npmPath: npmFolder(),
    argv: [],
    // Loading writes npm_config_* variables back for child processes: into a copy.
    env: { ...env },
    cwd,
  });
  try {
    await config.load();
    config.validate();
    return config.flat as NpmSettings;
  } catch (error) {
    throw new Failure(`The settings of npm cannot be used: ${(error as Error).message}`);
  }
}

/** Where the npm beside this Node lives; a distribution may have put settings there. It need not exist. */
function npmFolder(): string {
  const bin = dirname(process.execPath);
  const modules = process.platform === 'win32' ? bin : join(bin, '..', 'lib');
  return join(modules, 'node_modules', 'npm');
}
