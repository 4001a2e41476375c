import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where models are kept unless told otherwise: the user's cache folder, as each platform understands it
 * (`$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`), then `roundtable/models`.
 */
export function defaultModelsDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  return join(cacheFolder(platform, env), 'roundtable', 'models');
}

function cacheFolder(platform: NodeJS.Platform, { LOCALAPPDATA, XDG_CACHE_HOME }: NodeJS.ProcessEnv): string {
  if (platform === 'win32') return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return XDG_CACHE_HOME || join(homedir(), '.cache');
}
