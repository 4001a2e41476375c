/** What there may be of a browser. */
interface Page {
  addEventListener?(type: 'online', listener: () => void): void;
  removeEventListener?(type: 'online', listener: () => void): void;
  readonly document?: {
    readonly visibilityState: string;
    addEventListener(type: 'visibilitychange', listener: () => void): void;
    removeEventListener(type: 'visibilitychange', listener: () => void): void;
  };
}

/**
 * Calls back when a network is there again or the page comes back to the front, as after the machine slept: timers are late
 * then, and connections may be gone without having said so. Elsewhere than in pages never.
 * @returns what ends that.
 */
export function onWake(callback: () => void): () => void {
  const page = globalThis as Page;
  const { document } = page;
  const onVisible = () => {
    if (document?.visibilityState === 'visible') callback();
  };
  page.addEventListener?.('online', callback);
  document?.addEventListener('visibilitychange', onVisible);

  return () => {
    page.removeEventListener?.('online', callback);
    document?.removeEventListener('visibilitychange', onVisible);
  };
}
