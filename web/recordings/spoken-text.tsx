import { useSignalEffect } from '@preact/signals';
import { Fragment } from 'preact';
import { memo } from 'preact/compat';
import { useId, useRef } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { lengthText } from '../i18n/lengths.ts';
import type { Playback } from './playback.ts';
import type { Paragraph } from './sentences.ts';

interface SpokenTextProps {
  readonly name: string;
  readonly paragraphs: readonly Paragraph[];
  readonly playback: Playback;
  /** Whether there is something to play: then a sentence is a way to its place. */
  readonly isPlayable: boolean;
}

/** The text of a recording. It goes along with what is played, unless somebody reads elsewhere. */
export function SpokenText({ name, paragraphs, playback, isPlayable }: SpokenTextProps) {
  const { recordings } = words.value;
  const scroller = useRef<HTMLElement>(null);
  const hint = useId();
  useFollowing(scroller, playback);

  return (
    <>
      {isPlayable && (
        <p class="hint" id={hint}>
          {recordings.textHint}
        </p>
      )}
      <section
        ref={scroller}
        class={`job-text${isPlayable ? ' playable' : ''}`}
        aria-label={recordings.text(name)}
        aria-describedby={isPlayable ? hint : undefined}
        // What scrolls has to be within reach of the keyboard.
        tabIndex={isPlayable ? undefined : 0}
        onClick={(event) => {
          const index = indexOf(event.target);
          // Who marks text wants to copy it.
          if (isPlayable && index !== null && getSelection()?.isCollapsed !== false) playback.playFrom(index);
        }}
        onKeyDown={(event) => {
          if (isPlayable && press(event, playback)) event.preventDefault();
        }}
      >
        <Paragraphs paragraphs={paragraphs} isPlayable={isPlayable} />
      </section>
    </>
  );
}

/** Drawn once, because there may be thousands: which one is played is marked in the document itself. */
const Paragraphs = memo(function Paragraphs(props: Pick<SpokenTextProps, 'paragraphs' | 'isPlayable'>) {
  const { paragraphs, isPlayable } = props;
  let index = 0;

  return (
    <>
      {paragraphs.map(({ captionId, startMs, sentences }) => (
        <p key={captionId}>
          <time>{lengthText(startMs)}</time>
          <span>
            {sentences.map(({ text }) => {
              const place = index++;

              return (
                // A button's text could not be marked and copied.
                <Fragment key={place}>
                  <span
                    data-sentence={place}
                    class="sentence"
                    {...(isPlayable ? { role: 'button', tabIndex: place === 0 ? 0 : -1 } : {})}
                  >
                    {text.trimEnd()}
                  </span>
                  {text.slice(text.trimEnd().length)}
                </Fragment>
              );
            })}
          </span>
        </p>
      ))}
    </>
  );
});

function useFollowing(scroller: { readonly current: HTMLElement | null }, playback: Playback): void {
  const marked = useRef<HTMLElement | null>(null);
  const jumps = useRef(0);
  useSignalEffect(() => {
    const index = playback.current.value;
    const isJump = playback.jumps.value !== jumps.current;
    jumps.current = playback.jumps.value;
    const element = scroller.current;
    if (!element) return;
    const next = element.querySelector<HTMLElement>(`[data-sentence="${index}"]`);
    const before = marked.current;
    // Who has scrolled away from it reads elsewhere.
    const isFollowing = isJump || !before || isInSight(before, element);
    before?.removeAttribute('aria-current');
    next?.setAttribute('aria-current', 'true');
    marked.current = next;
    if (!next) return;
    makeReachable(element, next);
    if (isFollowing) bringIntoSight(next, element);
  });
}

/** By the arrow keys one goes from sentence to sentence; a thousand stops of the tabulator would be no way through. */
function press({ key, target }: KeyboardEvent, playback: Playback): boolean {
  const index = indexOf(target);
  if (index === null) return false;
  if (key === 'Enter' || key === ' ') {
    playback.playFrom(index);
    return true;
  }
  const last = playback.sentences.length - 1;
  const places: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowRight: index + 1,
    ArrowUp: index - 1,
    ArrowLeft: index - 1,
    Home: 0,
    End: last,
  };
  if (!Object.hasOwn(places, key)) return false;
  const scroller = (target as HTMLElement).closest<HTMLElement>('.job-text')!;
  const next = scroller.querySelector<HTMLElement>(
    `[data-sentence="${Math.min(last, Math.max(0, places[key]!))}"]`,
  );
  if (!next) return false;
  makeReachable(scroller, next);
  next.focus({ preventScroll: true });
  bringIntoSight(next, scroller);

  return true;
}

function indexOf(target: EventTarget | null): number | null {
  const sentence = target instanceof Element ? target.closest<HTMLElement>('[data-sentence]') : null;

  return sentence ? Number(sentence.dataset.sentence) : null;
}

/** The tabulator stops at one of them only. */
function makeReachable(scroller: HTMLElement, sentence: HTMLElement): void {
  for (const each of scroller.querySelectorAll('[data-sentence][tabindex="0"]'))
    each.setAttribute('tabindex', '-1');
  if (sentence.hasAttribute('role')) sentence.setAttribute('tabindex', '0');
}

function isInSight(sentence: HTMLElement, scroller: HTMLElement): boolean {
  const [box, frame] = [sentence.getBoundingClientRect(), scroller.getBoundingClientRect()];

  return box.bottom > frame.top && box.top < frame.bottom;
}

/** Scrolls the text alone, never the page: somebody may be doing something else there. */
function bringIntoSight(sentence: HTMLElement, scroller: HTMLElement): void {
  const [box, frame] = [sentence.getBoundingClientRect(), scroller.getBoundingClientRect()];
  const marginPx = scroller.clientHeight / 4;
  if (box.top >= frame.top + marginPx / 2 && box.bottom <= frame.bottom - marginPx) return;
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  scroller.scrollBy({ top: box.top - frame.top - marginPx, behavior: isCalm ? 'instant' : 'smooth' });
}
