import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { LiveConversation } from './live-conversation.ts';
import type { ReadingPosition } from './reading-position.ts';

/** So near to an end of what is in the document, more is put there. */
const NEAR_PX = 800;
/** Who scrolls to here reads along. */
const AT_END_PX = 24;

interface Anchor {
  readonly captionId: string;
  readonly topPx: number;
}

/**
 * Keeps a scrolling element at the newest caption, or, for somebody who reads further back, what they read where it is,
 * whatever comes and goes above and below it.
 * @param content what grows inside of it.
 * @returns to be called when it was scrolled.
 */
export function useScrolling(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  live: LiveConversation,
  position: ReadingPosition,
): () => void {
  const anchor = useRef<Anchor | null>(null);
  const lastTopPx = useRef(0);

  const settle = () => {
    const element = scroller.current;
    if (!element) return;
    if (position.isFollowing.value) element.scrollTop = element.scrollHeight;
    else if (position.target !== null) bringIntoSight(element, position);
    else if (anchor.current) restore(element, anchor.current);
    lastTopPx.current = element.scrollTop;
  };
  useLayoutEffect(settle);
  useEffect(() => {
    // Another size of text or window moves everything.
    const observer = new ResizeObserver(settle);
    for (const { current } of [scroller, content]) if (current) observer.observe(current);

    return () => observer.disconnect();
  }, []);

  return () => {
    const element = scroller.current;
    if (!element) return;
    const { captions, finals } = live.conversation;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const belowPx = scrollHeight - scrollTop - clientHeight;
    const wentUp = scrollTop < lastTopPx.current - 1;
    const wentDown = scrollTop > lastTopPx.current + 1;
    lastTopPx.current = scrollTop;
    anchor.current = firstInSight(element);
    if (wentUp && belowPx > AT_END_PX) position.pause(finals);
    if (position.isFollowing.value) return;
    if (wentUp && scrollTop < NEAR_PX) position.showEarlier(captions);
    if (wentDown && belowPx < NEAR_PX && !position.showLater(captions) && belowPx < AT_END_PX)
      position.follow();
  };
}

function captionElements(scroller: HTMLElement): NodeListOf<HTMLElement> {
  return scroller.querySelectorAll<HTMLElement>('[data-caption]');
}

function find(scroller: HTMLElement, captionId: string): HTMLElement | null {
  return scroller.querySelector<HTMLElement>(`[data-caption="${CSS.escape(captionId)}"]`);
}

function bringIntoSight(scroller: HTMLElement, position: ReadingPosition): void {
  const element = find(scroller, position.target!);
  if (!element) return;
  position.target = null;
  element.scrollIntoView({ block: 'center' });
}

function firstInSight(scroller: HTMLElement): Anchor | null {
  const { top } = scroller.getBoundingClientRect();
  for (const element of captionElements(scroller)) {
    const box = element.getBoundingClientRect();
    if (box.bottom > top) return { captionId: element.dataset.caption!, topPx: box.top };
  }

  return null;
}

function restore(scroller: HTMLElement, { captionId, topPx }: Anchor): void {
  const element = find(scroller, captionId);
  if (element) scroller.scrollTop += element.getBoundingClientRect().top - topPx;
}
