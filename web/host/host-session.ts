import { batch, signal } from '@preact/signals';
import {
  type Capture,
  captureMicrophone,
  captureTab,
  type Diagnostic,
  type Level,
} from '../../client-sdk/browser.ts';
import { openSpeaker, type Speaker } from '../../client-sdk/index.ts';
import type { DoneMessage, ReadyMessage, WaitingMessage } from '../../client-sdk/protocol.ts';
import { LiveConversation } from '../conversation/live-conversation.ts';
import type { ChosenHearing } from '../hearing/hearing.ts';
import { keyOption } from '../shell/api-key.ts';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';

/** What somebody chose before they speak. */
export interface Choices {
  readonly meeting: string;
  /** '' lets the server make one up. */
  readonly speaker: string;
  readonly source: 'microphone' | 'tab';
  /** '' for the system's own choice. */
  readonly deviceId: string;
  /** Names and terms that are likely to be said. */
  readonly hotWords: readonly string[];
  readonly hearing: ChosenHearing;
}

/** Choosing; the browser asks whether it may listen; in the meeting, however the connection is; it is over. */
export type Phase = 'choosing' | 'asking' | 'inside' | 'ended';

const SILENCE: Level = { rmsDbfs: -100, peakDbfs: -100, clipping: false };
/** What cannot be heard to be over is shown for so long. */
const DIAGNOSTIC_LASTS_MS = 15_000;
/** Where this is heard, the microphone is not dead; or not too quiet. */
const ALIVE_DBFS = -90;
const LOUD_ENOUGH_DBFS = -50;

/** Somebody's part in a meeting, from their choices until they stop. */
export class HostSession {
  readonly phase = signal<Phase>('choosing');
  readonly state = signal<Speaker['state']>('connecting');
  readonly ready = signal<ReadyMessage | null>(null);
  readonly waiting = signal<WaitingMessage | null>(null);
  readonly level = signal<Level>(SILENCE);
  readonly isMuted = signal(false);
  readonly sourceLabel = signal('');
  /** What the input is suspected of. */
  readonly diagnostic = signal<Diagnostic['kind'] | null>(null);
  /** Audio that could not be kept while there was no connection. */
  readonly lostMs = signal(0);
  /** Why there is no connection, while it is being tried again. */
  readonly warning = signal<Trouble | null>(null);
  /** What ended it. */
  readonly trouble = signal<Trouble | null>(null);
  readonly done = signal<DoneMessage | null>(null);
  live = new LiveConversation();
  #isStopping = false;
  #choices: Choices | null = null;
  #capture: Capture | null = null;
  #speaker: Speaker | null = null;
  #diagnosticTimer: ReturnType<typeof setTimeout> | undefined;

  get choices(): Choices | null {
    return this.#choices;
  }

  /** Asks for the microphone or the tab, and joins. Resolves when it is known whether that went well. */
  async start(choices: Choices): Promise<void> {
    if (this.#choices && this.#choices.meeting !== choices.meeting) {
      this.live.close();
      this.live = new LiveConversation();
    }
    this.#choices = choices;
    this.#isStopping = false;
    batch(() => {
      this.phase.value = 'asking';
      this.trouble.value = null;
      this.warning.value = null;
      this.done.value = null;
      this.lostMs.value = 0;
      this.isMuted.value = false;
      this.state.value = 'connecting';
    });
    try {
      this.#capture = await capture(choices);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#listen(this.#capture);
    this.#join(choices, this.#capture);
    this.phase.value = 'inside';
  }

  /** The same once more, after something went wrong. */
  async again(): Promise<void> {
    if (this.#choices) await this.start(this.#choices);
  }

  toggleMute(): void {
    if (!this.#capture) return;
    this.isMuted.value = !this.isMuted.value;
    if (this.isMuted.value) this.#capture.mute();
    else this.#capture.unmute();
    this.level.value = SILENCE;
  }

  /** No more audio; what was said becomes final. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const speaker = this.#speaker;
    this.#capture?.stop();
    try {
      this.done.value = speaker ? await speaker.stop() : null;
      this.#end();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The page goes: what was said becomes final without anybody who waits for it. */
  leave(): void {
    this.#capture?.stop();
    this.#speaker?.stop().catch(() => undefined);
  }

  #listen(capture: Capture): void {
    this.sourceLabel.value = capture.label;
    capture.on('level', (level) => {
      this.level.value = level;
      const suspicion = this.diagnostic.value;
      if (suspicion === 'dead' && level.peakDbfs > ALIVE_DBFS) this.diagnostic.value = null;
      if (suspicion === 'quiet' && level.rmsDbfs > LOUD_ENOUGH_DBFS) this.diagnostic.value = null;
    });
    capture.on('diagnostic', ({ kind }) => {
      this.diagnostic.value = kind;
      clearTimeout(this.#diagnosticTimer);
      if (kind === 'dead' || kind === 'quiet') return;
      this.#diagnosticTimer = setTimeout(() => {
        this.diagnostic.value = null;
      }, DIAGNOSTIC_LASTS_MS);
    });
    capture.on('ended', (error) => {
      if (this.#capture !== capture || this.#isStopping) return;
      // The device is gone, but what was said is not: the server finishes it.
      if (error) this.trouble.value = troubleFrom(error);
      void this.stop();
    });
  }

  #join(choices: Choices, capture: Capture): void {
    const { meeting, hearing } = choices;
    const speaker = openSpeaker({
      url: location.origin,
      meeting,
      ...(choices.speaker === '' ? {} : { speaker: choices.speaker }),
      ...(choices.hotWords.length === 0 ? {} : { hotWords: choices.hotWords }),
      ...(hearing.language === '' ? {} : { language: hearing.language }),
      ...(hearing.model === '' ? {} : { model: hearing.model }),
      ...keyOption(),
    });
    this.#speaker = speaker;
    this.live.hearSpeaker(speaker);
    speaker.on('state', (state) => {
      this.state.value = state;
      if (state === 'live' || state === 'waiting') this.warning.value = null;
    });
    speaker.on('warning', (warning) => {
      if (warning.captionId === null && speaker.state !== 'live') this.warning.value = troubleFrom(warning);
    });
    speaker.on('waiting', (message) => {
      this.waiting.value = message;
    });
    speaker.on('ready', (message) => {
      // Only once: what others say is told by a connection that mends itself.
      if (!this.ready.value) this.live.watch(meeting);
      this.ready.value = message;
      this.waiting.value = null;
    });
    speaker.on('audio-lost', ({ durationMs }) => {
      this.lostMs.value += durationMs;
    });
    speaker.on('error', (error) => {
      if (this.#speaker === speaker) this.#fail(error);
    });
    capture.pipeTo(speaker);
  }

  #fail(error: unknown): void {
    this.trouble.value = troubleFrom(error);
    const wasInside = this.ready.value !== null;
    this.#end();
    if (!wasInside) this.phase.value = 'choosing';
  }

  #end(): void {
    clearTimeout(this.#diagnosticTimer);
    this.#capture?.stop();
    this.#capture = null;
    this.#speaker = null;
    this.live.close();
    batch(() => {
      this.phase.value = 'ended';
      this.ready.value = null;
      this.waiting.value = null;
      this.diagnostic.value = null;
      this.level.value = SILENCE;
    });
  }
}

function capture({ source, deviceId }: Choices): Promise<Capture> {
  const workletUrl = CAPTURE_WORKLET_URL;
  if (source === 'tab') return captureTab({ workletUrl });

  return captureMicrophone({ workletUrl, ...(deviceId === '' ? {} : { deviceId }) });
}
