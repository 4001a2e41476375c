/** A path as one word of a command that somebody may copy: the shells of Windows know other quotes than those elsewhere. */
export function shellWord(path: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
