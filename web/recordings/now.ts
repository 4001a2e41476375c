import { signal } from '@preact/signals';

/** So that what was expected does not stand there when its time is over. */
const INTERVAL_MS = 15_000;

/** Milliseconds since 1970, now and then. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, INTERVAL_MS);
