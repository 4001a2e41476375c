import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where transcripts are kept unless told otherwise: a folder `roundtable` where each platform has its users' data
 * (`$XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`, `%LOCALAPPDATA%`).
 */
export function defaultDataDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  return join(dataFolder(platform, env), 'roundtable');
}

function dataFolder(platform: NodeJS.Platform, { LOCALAPPDATA, XDG_DATA_HOME }: NodeJS.ProcessEnv): string {
  if (platform === 'win32') return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');

  return XDG_DATA_HOME || join(homedir(), '.local', 'share');
}
