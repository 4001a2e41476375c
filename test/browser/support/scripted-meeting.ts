import type { Page, WebSocketRoute } from 'playwright-core';
import type {
  FinalMessage,
  PartialMessage,
  SpeakerServerMessage,
  ViewerServerMessage,
} from '../../../client-sdk/protocol.ts';

/** When the scripted meeting begins: a morning, in milliseconds since 1970. */
export const BEGAN_AT_MS = Date.UTC(2026, 10, 22, 9, 0, 0);

/** A server that says what a test tells it to, in place of the real one: for what a real one does only under load. */
export class ScriptedMeeting {
  readonly meeting: string;
  /** Connections of viewers, the newest last. */
  readonly viewers: WebSocketRoute[] = [];
  readonly speakers: WebSocketRoute[] = [];
  /** What viewers get as soon as they are there. */
  welcome: readonly ViewerServerMessage[] = [];
  /** Turns away those that come now. */
  isAway = false;
  #waiters: (() => void)[] = [];

  private constructor(meeting: string) {
    this.meeting = meeting;
  }

  /** Before the page is opened. */
  static async on(page: Page, meeting: string): Promise<ScriptedMeeting> {
    const scripted = new ScriptedMeeting(meeting);
    await page.routeWebSocket(/\/captions/, (socket) => scripted.#admit(socket, scripted.viewers, 'viewer'));
    await page.routeWebSocket(/\/v1\/stream/, (socket) =>
      scripted.#admit(socket, scripted.speakers, 'speaker'),
    );

    return scripted;
  }

  /** Resolves when there have been so many connections of viewers. */
  async viewed(times: number): Promise<void> {
    while (this.viewers.length < times) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves when there have been so many connections of speakers. */
  async spoken(times: number): Promise<void> {
    while (this.speakers.length < times) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Tells the viewer. */
  tell(...messages: readonly ViewerServerMessage[]): void {
    for (const message of messages) this.viewers.at(-1)!.send(JSON.stringify(message));
  }

  /** Tells the speaker. */
  answer(...messages: readonly SpeakerServerMessage[]): void {
    for (const message of messages) this.speakers.at(-1)!.send(JSON.stringify(message));
  }

  #admit(socket: WebSocketRoute, list: WebSocketRoute[], kind: 'viewer' | 'speaker'): void {
    if (this.isAway) {
      void socket.close({ code: 1011, reason: 'away' });
      return;
    }
    list.push(socket);
    if (kind === 'viewer') {
      const { meeting } = this;
      this.tell({ type: 'watching', version: 1, meeting }, ...this.welcome);
    }
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** What somebody said, as a final. @param index of the caption in its stream; also says when it was spoken. */
export function final(speaker: string, index: number, text: string, spokenAtMs?: number): FinalMessage {
  return {
    ...caption(speaker, index, text, spokenAtMs),
    type: 'final',
    endpoint: 'silence',
    language: 'en',
    model: 'scripted',
  };
}

/** What somebody is saying. */
export function partial(
  speaker: string,
  index: number,
  text: string,
  revision: number,
  stableChars = 0,
): PartialMessage {
  return { ...caption(speaker, index, text), type: 'partial', revision, stableChars };
}

function caption(speaker: string, index: number, text: string, spokenAtMs?: number) {
  const streamId = `stream-${speaker.toLowerCase()}`;

  return {
    meeting: 'scripted',
    streamId,
    speaker,
    captionId: `${streamId}:${index}`,
    segmentId: index,
    revision: 1_000,
    startMs: index * 4000,
    endMs: index * 4000 + 3000,
    spokenAtMs: spokenAtMs ?? BEGAN_AT_MS + index * 4000,
    text,
  };
}
