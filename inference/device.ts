/** Where a thread's model runs: `cpu`, or one CUDA GPU by its index. */
export type Device = 'cpu' | `cuda:${number}`;

/** Whether `text` names a device. */
export function isDevice(text: string): text is Device {
  return text === 'cpu' || /^cuda:\d{1,2}$/.test(text);
}

/** Most threads. */
const MAX_THREADS = 64;

/**
 * Reads a list such as `cuda:0*2,cpu`: a device for each thread, in that order; `*2` is the same device twice.
 * @returns what is wrong with it, in words that follow its name, where something is.
 */
export function parseDevices(list: string): readonly Device[] | string {
  const devices: Device[] = [];
  for (const part of list.split(',')) {
    const [, name = '', times] = /^\s*([^*\s]*)\s*(?:\*\s*(\d{1,3}))?\s*$/.exec(part) ?? [];
    if (!isDevice(name)) return `has '${part}', which is neither cpu nor cuda:N`;
    if (times === '0') return `has '${part}', which is no thread`;
    for (let i = 0; i < Number(times ?? 1); i++) devices.push(name);
    if (devices.length > MAX_THREADS) return `names more than ${MAX_THREADS} threads`;
  }

  return devices;
}
