import './transcript.css';
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { LANGUAGE_NAMES, language, timeOfDay, words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import type { Caption } from './conversation.ts';
import type { LiveConversation } from './live-conversation.ts';
import { type Pace, shownText } from './pace.ts';
import type { ReadingPosition } from './reading-position.ts';
import { useScrolling } from './scrolling.ts';
import { markedParts } from './search.ts';
import { type Turn, turnsOf } from './turns.ts';
import { voiceColour } from './voice-colour.ts';

interface TranscriptProps {
  readonly live: LiveConversation;
  readonly position: ReadingPosition;
  readonly pace: Pace;
  /** What is looked for, to be marked. */
  readonly pattern?: RegExp | null;
  /** The hit one is at. */
  readonly currentHit?: string | null;
  /** The stream that is one's own. */
  readonly ownStreamId?: string | null;
  /** Before the first caption: a button for what is earlier. */
  readonly before?: ComponentChildren;
  /** In place of captions, while there are none. */
  readonly empty: ComponentChildren;
}

/** What is said, scrolling along, until somebody scrolls back. */
export function Transcript(props: TranscriptProps) {
  const { live, position, pace, pattern = null, currentHit = null, ownStreamId = null } = props;
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  // Reading them is what makes this draw anew.
  live.version.value;
  position.version.value;
  const { captions } = live.conversation;
  const { from, to } = position.range(captions);
  const turns = turnsOf(captions, from, to);
  const onScroll = useScrolling(scroller, content, live, position);

  return (
    <div class="transcript-frame">
      <section
        class="transcript"
        ref={scroller}
        onScroll={onScroll}
        aria-label={words.value.transcript.label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be within reach of the keyboard.
        tabIndex={0}
      >
        <div class="transcript-column" ref={content}>
          {from === 0 && props.before}
          {captions.length === 0 && props.empty}
          {turns.map((turn) => (
            <TurnBlock
              key={turn.key}
              turn={turn}
              pace={pace}
              pattern={pattern}
              currentHit={currentHit}
              isOwn={turn.streamId === ownStreamId}
            />
          ))}
        </div>
      </section>
      <JumpToLive live={live} position={position} />
    </div>
  );
}

interface Marking {
  readonly pace: Pace;
  readonly pattern: RegExp | null;
  readonly currentHit: string | null;
}

function TurnBlock({ turn, isOwn, ...marking }: Marking & { readonly turn: Turn; readonly isOwn: boolean }) {
  const shown = turn.captions.filter((caption) => {
    const { settled, tail } = shownText(caption, marking.pace);
    return settled !== '' || tail !== '';
  });
  if (shown.length === 0) return null;

  return (
    <article class="turn" style={{ '--voice': voiceColour(turn.speaker) }}>
      <h2 class="turn-head">
        <span class="turn-speaker">
          <Marked text={turn.speaker} pattern={marking.pattern} />
        </span>
        {isOwn && <span class="turn-own">{words.value.transcript.you}</span>}
        <time dateTime={new Date(turn.spokenAtMs).toISOString()}>{timeOfDay(turn.spokenAtMs)}</time>
      </h2>
      {shown.map((caption) => (
        <CaptionLine
          key={caption.captionId}
          caption={caption}
          pace={marking.pace}
          pattern={caption.isFinal ? marking.pattern : null}
          isCurrent={marking.currentHit === caption.captionId}
        />
      ))}
    </article>
  );
}

interface CaptionLineProps {
  readonly caption: Caption;
  readonly pace: Pace;
  readonly pattern: RegExp | null;
  readonly isCurrent: boolean;
}

/** One caption. While it changes it only grows taller: one that shrank and grew would move all that is around it. */
const CaptionLine = memo(function CaptionLine({ caption, pace, pattern, isCurrent }: CaptionLineProps) {
  const line = useRef<HTMLParagraphElement>(null);
  const { settled, tail } = shownText(caption, pace);
  useLayoutEffect(() => {
    const { style, offsetHeight } = line.current!;
    style.minHeight = caption.isFinal ? '' : `${offsetHeight}px`;
  }, [caption]);

  return (
    <p
      ref={line}
      class={`caption${caption.isFinal ? '' : ' unfinished'}${isCurrent ? ' current' : ''}`}
      data-caption={caption.captionId}
      // Chinese and Japanese write the same characters in different shapes, and are read out in different voices.
      lang={caption.language ?? undefined}
    >
      <Marked text={settled} pattern={pattern} />
      {tail !== '' && <span class="tail">{tail}</span>}
      {caption.sound && <Sound sound={caption.sound} />}
    </p>
  );
});

/** As subtitles for those who do not hear have it. Emotions are not shown: a guess at somebody's feelings is for nobody else. */
function Sound({ sound }: { readonly sound: NonNullable<Caption['sound']> }) {
  return (
    <span class="sound" lang={LANGUAGE_NAMES[language.value].tag}>
      {' '}
      [{words.value.transcript.sounds[sound]}]
    </span>
  );
}

function Marked({ text, pattern }: { readonly text: string; readonly pattern: RegExp | null }) {
  if (!pattern) return <>{text}</>;

  return (
    <>
      {markedParts(text, pattern).map(({ text: part, isHit }, index) =>
        isHit ? <mark key={index}>{part}</mark> : part,
      )}
    </>
  );
}

function JumpToLive({ live, position }: Pick<TranscriptProps, 'live' | 'position'>) {
  live.version.value;
  if (position.isFollowing.value) return null;
  const missed = Math.max(0, live.conversation.finals - position.finalsWhenPaused.value);

  return (
    <button type="button" class="button primary jump" onClick={() => position.follow()}>
      <Icon name="down" />
      {words.value.transcript.jump(missed)}
    </button>
  );
}

/** Reads finals to those who cannot see them, and nothing but finals: words that still change would be read twice. */
export function Announcer({ live }: { readonly live: LiveConversation }) {
  return (
    <div class="unseen" aria-live="polite">
      {live.announced.value.map(({ captionId, speaker, text, language: spoken }) => (
        <p key={captionId} lang={spoken ?? undefined}>
          {words.value.transcript.announcement(speaker, text)}
        </p>
      ))}
    </div>
  );
}
