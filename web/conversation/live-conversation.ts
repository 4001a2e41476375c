import { signal } from '@preact/signals';
import {
  type RoundtableError,
  type Viewer,
  type ViewerEvents,
  watchMeeting,
} from '../../client-sdk/index.ts';
import type { ServiceMessage } from '../../client-sdk/protocol.ts';
import { keyOption } from '../shell/api-key.ts';
import { type Caption, Conversation, type SaidBefore } from './conversation.ts';

/** As much as a server gives at once; what was said before that comes with the transcript. */
const HISTORY_CAPTIONS = 1000;
/** The last of them are read out by screen readers; others have been. */
const ANNOUNCED = 12;
/** How often is looked whether those who speak have fallen silent. */
const LOOK_AGAIN_MS = 2000;

/** What a speaker and a viewer both tell. */
type CaptionEvents = Pick<ViewerEvents, 'speech-started' | 'partial' | 'final' | 'service' | 'warning'>;

interface CaptionSource {
  on<Name extends keyof CaptionEvents>(
    event: Name,
    listener: (payload: CaptionEvents[Name]) => void,
  ): () => void;
}

/** A meeting's conversation, kept as the server tells it. */
export class LiveConversation {
  readonly conversation = new Conversation();
  /** Grows with every change, once a frame at most: whoever reads it draws anew. */
  readonly version = signal(0);
  readonly state = signal<Viewer['state']>('connecting');
  /** Whether more was said before what the server has told. */
  readonly hasEarlier = signal(false);
  /** Null while the service is full. */
  readonly service = signal<ServiceMessage | null>(null);
  /** Why there is no connection yet, or none any more; it is being tried again. */
  readonly warning = signal<RoundtableError | null>(null);
  /** What ended it. */
  readonly error = signal<RoundtableError | null>(null);
  /** The last finals that came live. */
  readonly announced = signal<readonly Caption[]>([]);
  #viewer: Viewer | null = null;
  #isDrawing = false;
  #lookingAgain: ReturnType<typeof setInterval> | undefined;

  /** Reads along in a meeting, in place of the one before. */
  watch(meeting: string): void {
    this.close();
    this.error.value = null;
    this.state.value = 'connecting';
    const viewer = watchMeeting({ url: location.origin, meeting, history: HISTORY_CAPTIONS, ...keyOption() });
    this.#viewer = viewer;
    this.#lookingAgain = setInterval(() => {
      if (this.conversation.isOpen) this.#changed();
    }, LOOK_AGAIN_MS);
    this.#hear(viewer);
    viewer.on('state', (state) => {
      if (viewer !== this.#viewer) return;
      // After a lost connection, service that is not full is told anew.
      if (state === 'live' && this.state.value === 'reconnecting') this.service.value = null;
      if (state === 'live') this.warning.value = null;
      this.state.value = state;
    });
    let isFirstHistory = true;
    viewer.on('history', ({ captions, more }) => {
      this.conversation.addHistory(captions);
      // Later ones tell what was missed; what was before the first is as it was.
      if (isFirstHistory) this.hasEarlier.value = more;
      isFirstHistory = false;
      this.#changed();
    });
    viewer.on('speaker-left', ({ streamId, speaker }) => {
      this.conversation.leave(streamId, speaker);
      this.#changed();
    });
    viewer.on('warning', (warning) => {
      if (viewer === this.#viewer && warning.captionId === null) this.warning.value = warning;
    });
    viewer.on('error', (error) => {
      if (viewer === this.#viewer) this.error.value = error;
    });
  }

  /** What one says oneself, which is there also when the server has no room for readers. */
  hearSpeaker(speaker: CaptionSource): void {
    this.#hear(speaker);
  }

  /** Takes finals from elsewhere, such as the transcript. */
  addEarlier(captions: readonly SaidBefore[]): void {
    this.conversation.addHistory(captions);
    this.hasEarlier.value = false;
    this.#changed();
  }

  /** Hears no more of the meeting. What was said stays. */
  close(): void {
    this.#viewer?.close();
    this.#viewer = null;
    clearInterval(this.#lookingAgain);
  }

  #hear(source: CaptionSource): void {
    source.on('speech-started', ({ streamId, speaker, segmentId }) => {
      this.conversation.begin(streamId, speaker, segmentId, Date.now());
      this.#changed();
    });
    source.on('partial', (message) => {
      if (this.conversation.apply(message, Date.now())) this.#changed();
    });
    source.on('final', (message) => {
      const caption = this.conversation.apply(message, Date.now());
      if (!caption) return;
      if (caption.text !== '') this.announced.value = [...this.announced.value, caption].slice(-ANNOUNCED);
      this.#changed();
    });
    source.on('warning', (warning) => {
      if (warning.captionId === null) return;
      this.conversation.lose(warning.captionId);
      this.#changed();
    });
    source.on('service', (message) => {
      this.service.value = message.level === 'full' ? null : message;
    });
  }

  #changed(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    // In a tab that is not shown there are no frames, and nothing needs to be drawn.
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.version.value++;
    });
  }
}
