/** The browser needs the address for a while after the click. */
const ADDRESS_LASTS_MS = 60_000;

/** Lets the browser save a file under a name, without what file systems do not take in one. */
export function saveFile(contents: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(contents);
  link.download = name.replace(/[\\/:*?"<>|]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_LASTS_MS);
}
