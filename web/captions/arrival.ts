import { effect } from '@preact/signals';
import type { LiveConversation } from '../conversation/live-conversation.ts';
import type { ReadingPosition } from '../conversation/reading-position.ts';
import type { Finder } from './finder.ts';
import { wholeTranscript } from './whole-transcript.ts';

/** What shows a meeting. */
interface Reading {
  readonly meeting: string;
  readonly live: LiveConversation;
  readonly position: ReadingPosition;
  readonly finder: Finder;
}

/**
 * Brings a caption into sight that somebody came for, as soon as it is there, and marks it. What was said before the history
 * that the server gives by itself is fetched for it; one that is not kept any more is not looked for further.
 */
export function goToCaption(captionId: string, { meeting, live, position, finder }: Reading): void {
  let isFetched = false;
  const stop = effect(() => {
    live.version.value;
    const { captions, finals } = live.conversation;
    const index = captions.findIndex((caption) => caption.captionId === captionId);
    if (index >= 0) {
      finder.current.value = captionId;
      position.goTo(captions, index, finals);
      // Not in its first run, in which there is no `stop` yet: nothing is known of the meeting then.
      stop();
    } else if (live.hasEarlier.value && !isFetched) {
      isFetched = true;
      // Who reads on has a button for it.
      wholeTranscript(meeting).then(
        (said) => live.addEarlier(said),
        () => undefined,
      );
    }
  });
}
