/** Lets every promise that can settle do so: the event loop turns once, and microtasks run to their end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
