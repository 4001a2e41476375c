import { openSpeaker, type Speaker, type SpeakerEvent, type SpeakerOptions } from '../../client-sdk/index.ts';
import { ModelServer } from './model-server.ts';
import { settle } from './settle.ts';
import { TestTime } from './test-time.ts';

/** A speaker with a model of a server, and time that stands still. Its audio counts up from 0. */
export class SpeakerRig {
  readonly server: ModelServer;
  readonly time = new TestTime();
  readonly speaker: Speaker;
  /** All that was told, in order. */
  readonly events: SpeakerEvent[] = [];
  /** What it ended with. */
  failure: unknown = null;
  /** Frames handed to the speaker. */
  spokenFrames = 0;

  constructor(options: Partial<SpeakerOptions> = {}, server = new ModelServer()) {
    this.server = server;
    const { WebSocket } = server;
    this.speaker = openSpeaker({
      ...{ url: 'http://localhost', encoding: 'pcm_f32le', WebSocket, time: this.time },
      ...options,
    });
    void this.#listen();
  }

  /** States that it has been in, in order. */
  get states(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  }

  /** All events of a type. */
  all<Type extends SpeakerEvent['type']>(type: Type): Extract<SpeakerEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<SpeakerEvent, { type: Type }>[];
  }

  /** Says the next frames. */
  speak(frames: number): void {
    this.speaker.send(Float32Array.from({ length: frames }, () => this.spokenFrames++));
  }

  /** Lets everything under way arrive. */
  async turn(times = 6): Promise<void> {
    for (let i = 0; i < times; i++) await settle();
  }

  /** Lets time pass, in steps in which messages arrive. */
  async pass(ms: number, stepMs = 1000): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      this.time.advance(Math.min(stepMs, leftMs));
      await this.turn();
    }
  }

  async #listen(): Promise<void> {
    try {
      for await (const event of this.speaker) this.events.push(event);
    } catch (error) {
      this.failure = error;
    }
  }
}
