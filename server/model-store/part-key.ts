/** What an unfinished download is known by: the model and the file, in characters that a file name may have. */
export function partKey(model: string, file: string): string {
  return `${model}~${file}`.replaceAll(/[^\w.~-]/g, '+');
}
