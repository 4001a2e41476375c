import { SteadyText } from '../../client-sdk/captions/steady-text.ts';
import type { CaptionMessage, FinalMessage, PartialMessage, SoundEvent } from '../../client-sdk/protocol.ts';

/** A caption as it stands now. A change makes a new one, so that what is the same object looks the same. */
export interface Caption {
  readonly captionId: string;
  readonly streamId: string;
  readonly speaker: string;
  readonly segmentId: number;
  readonly revision: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly spokenAtMs: number;
  readonly text: string;
  /** Characters at the beginning of `text` that are likely to stay; all of them in a final. */
  readonly stableChars: number;
  readonly isFinal: boolean;
  /** BCP 47: of one that is not final, what its speaker spoke last; null where nobody can tell. */
  readonly language: string | null;
  /** What was to be heard besides speech; null where that is nothing, or nobody can tell. */
  readonly sound: Exclude<SoundEvent, 'speech'> | null;
}

/** A final, as the history, the transcript and the live meeting all tell it. */
export type SaidBefore = Pick<
  FinalMessage,
  'captionId' | 'streamId' | 'speaker' | 'spokenAtMs' | 'text' | 'language' | 'event'
>;

/** Somebody whose stream has been in the meeting since this page has been there. */
export interface Participant {
  readonly streamId: string;
  readonly speaker: string;
  /** A caption of theirs is being spoken. */
  readonly isSpeaking: boolean;
  readonly hasLeft: boolean;
}

/** Who began to speak, but has got no caption for so long, made a noise. */
const SPEAKING_WITHOUT_NEWS_MS = 8000;

interface Voice {
  speaker: string;
  hasLeft: boolean;
  /** The caption being spoken, null between captions. */
  segmentId: number | null;
  newsAtMs: number;
}

/**
 * All that is said in a meeting, in the order it was spoken, from messages in whichever order they come: history may
 * overlap with what is live, connections tell things twice, and partials arrive behind their finals.
 */
export class Conversation {
  readonly #captions: Caption[] = [];
  /** By caption id, also those that turned out to be empty: what comes late for them is not shown. */
  readonly #known = new Map<string, Caption>();
  /** By caption id, of captions that are not final. */
  readonly #steady = new Map<string, SteadyText>();
  readonly #voices = new Map<string, Voice>();
  /** By stream, of its newest final. */
  readonly #languages = new Map<string, string | null>();
  #finals = 0;

  /** Every caption with text, by the time it was spoken. The array is the same all the time, and changes. */
  get captions(): readonly Caption[] {
    return this.#captions;
  }

  /** Captions with text that will not change again. */
  get finals(): number {
    return this.#finals;
  }

  /** Takes a caption, or a later state of one. @returns it as it is now; null when that changes nothing. */
  apply(message: CaptionMessage, nowMs: number): Caption | null {
    const known = this.#known.get(message.captionId);
    if (known?.isFinal) return null;
    if (known && message.type === 'partial' && message.revision <= known.revision) return null;
    const { streamId, speaker, segmentId } = message;
    const caption = message.type === 'final' ? finished(message) : this.#unfinished(message);
    this.#put(caption);
    if (message.type === 'final') this.#languages.set(streamId, caption.language);
    // The final of one segment may come when the next one is being spoken.
    const spoken = this.#voices.get(streamId)?.segmentId ?? null;
    const next = spoken !== null && spoken > segmentId ? spoken : null;
    this.#hear(streamId, speaker, message.type === 'final' ? next : segmentId, nowMs);

    return caption;
  }

  /** Takes finals that were said before. They say nothing about who is here now. */
  addHistory(captions: readonly SaidBefore[]): void {
    for (const caption of captions) {
      if (!this.#known.get(caption.captionId)?.isFinal) this.#put(finished(caption));
    }
  }

  /** Somebody began to speak. */
  begin(streamId: string, speaker: string, segmentId: number, nowMs: number): void {
    this.#hear(streamId, speaker, segmentId, nowMs);
  }

  /** A caption will not become final: what was shown of it goes. */
  lose(captionId: string): void {
    const caption = this.#known.get(captionId);
    if (!caption || caption.isFinal) return;
    this.#put({ ...caption, text: '', stableChars: 0, isFinal: true });
    const voice = this.#voices.get(caption.streamId);
    if (voice?.segmentId === caption.segmentId) voice.segmentId = null;
  }

  /** A stream ended: what it left unfinished stays as it is, for it may be all there is of it. */
  leave(streamId: string, speaker: string): void {
    const voice = this.#voices.get(streamId);
    this.#voices.set(streamId, {
      speaker: voice?.speaker ?? speaker,
      hasLeft: true,
      segmentId: null,
      newsAtMs: voice?.newsAtMs ?? 0,
    });
  }

  /** Whether a caption is being spoken, or has been left without a word. */
  get isOpen(): boolean {
    return [...this.#voices.values()].some(({ segmentId }) => segmentId !== null);
  }

  /** Who has been heard of, in the order of their coming. */
  participants(nowMs: number): Participant[] {
    return [...this.#voices].map(([streamId, { speaker, hasLeft, segmentId, newsAtMs }]) => ({
      streamId,
      speaker,
      isSpeaking: segmentId !== null && nowMs - newsAtMs < SPEAKING_WITHOUT_NEWS_MS,
      hasLeft,
    }));
  }

  #hear(streamId: string, speaker: string, segmentId: number | null, nowMs: number): void {
    this.#voices.set(streamId, { speaker, hasLeft: false, segmentId, newsAtMs: nowMs });
  }

  /** As much of it as is worth showing, for what is shown is not to be taken back: see `SteadyText`. */
  #unfinished(message: PartialMessage): Caption {
    const { captionId, streamId, speaker, segmentId, revision, spokenAtMs } = message;
    const steady = this.#steady.get(captionId) ?? new SteadyText();
    this.#steady.set(captionId, steady);
    const text = steady.partial(captionId, message.text, message.stableChars);
    // What is shown may be older than what was agreed on: then it is all still open.
    const agreed = message.text.slice(0, message.stableChars);
    const stableChars = text.startsWith(agreed) ? agreed.length : 0;

    return {
      captionId,
      streamId,
      speaker,
      segmentId,
      revision,
      spokenAtMs,
      text,
      stableChars,
      isFinal: false,
      language: this.#languages.get(streamId) ?? null,
      sound: null,
    };
  }

  #put(caption: Caption): void {
    if (caption.isFinal) this.#steady.delete(caption.captionId);
    const before = this.#known.get(caption.captionId);
    this.#known.set(caption.captionId, caption);
    const index = before && before.text !== '' ? this.#indexOf(before) : -1;
    if (before?.isFinal && before.text !== '') this.#finals--;
    if (caption.isFinal && caption.text !== '') this.#finals++;
    if (index >= 0 && caption.text !== '' && before!.spokenAtMs === caption.spokenAtMs) {
      this.#captions[index] = caption;
      return;
    }
    if (index >= 0) this.#captions.splice(index, 1);
    if (caption.text !== '') this.#captions.splice(this.#placeOf(caption), 0, caption);
  }

  /** Where it goes. New captions belong to the end: looking from there takes a step or two. */
  #placeOf(caption: Caption): number {
    let place = this.#captions.length;
    while (place > 0 && isBefore(caption, this.#captions[place - 1]!)) place--;

    return place;
  }

  #indexOf(caption: Caption): number {
    for (let index = this.#captions.length - 1; index >= 0; index--) {
      if (this.#captions[index] === caption) return index;
    }

    return -1;
  }
}

function finished(said: SaidBefore): Caption {
  const { captionId, streamId, speaker, spokenAtMs } = said;
  const text = said.text.trim();
  const segmentId = Number(captionId.slice(captionId.lastIndexOf(':') + 1));
  const known = { captionId, streamId, speaker, segmentId, spokenAtMs, text };
  const language = said.language === 'und' ? null : said.language;
  const sound = said.event === undefined || said.event === 'speech' ? null : said.event;
  const final = { revision: Number.POSITIVE_INFINITY, stableChars: text.length, isFinal: true };

  return { ...known, ...final, language, sound };
}

function isBefore(one: Caption, other: Caption): boolean {
  if (one.spokenAtMs !== other.spokenAtMs) return one.spokenAtMs < other.spokenAtMs;
  if (one.streamId === other.streamId) return one.segmentId < other.segmentId;

  return one.streamId < other.streamId;
}
