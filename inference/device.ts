/** Where a thread's model runs: `cpu`, or one CUDA GPU by its index. */
export type Device = 'cpu' | `cuda:${number}`;

/** Whether `text` names a device. */
export function isDevice(text: string): text is Device {
  return text === 'cpu' || /^cuda:\d{1,2}$/.test(text);
}
