/** Callbacks that a node delivers at once, and those of one key among them: one that nobody answers holds up few others. */
export const MAX_CALLS = 16;
export const MAX_CALLS_PER_KEY = MAX_CALLS / 2;
/** Tries to deliver one callback, before it is given up. */
export const MAX_DELIVERIES = 8;
/** From the first try to the second; twice as long after each further one, so that the last comes after 11 minutes. */
const FIRST_WAIT_MS = 5000;

/** How long to wait after so many tries that failed. */
export function deliveryWaitMs(failures: number): number {
  return FIRST_WAIT_MS * 2 ** (failures - 1);
}
