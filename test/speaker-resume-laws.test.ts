import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODEL_RATE, ModelServer } from './support/model-server.ts';
import { SpeakerRig } from './support/speaker-rig.ts';

type Command =
  | { readonly what: 'speak'; readonly frames: number }
  | { readonly what: 'settle'; readonly percent: number; readonly isStored: boolean }
  | { readonly what: 'pass'; readonly ms: number }
  | { readonly what: 'turn'; readonly times: number }
  | { readonly what: 'refuse'; readonly retryAfterMs: number }
  | {
      readonly what:
        | 'mark'
        | 'flush'
        | 'gap'
        | 'cut'
        | 'freeze'
        | 'crash'
        | 'forget'
        | 'drain'
        | 'down'
        | 'up';
    };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('speak' as const), frames: fc.integer({ min: 1, max: 6000 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('turn' as const), times: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('settle' as const),
      percent: fc.integer({ min: 0, max: 100 }),
      isStored: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 25_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('refuse' as const), retryAfterMs: fc.nat(5000) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constantFrom(
        ...([
          'mark',
          'flush',
          'gap',
          'cut',
          'cut',
          'freeze',
          'crash',
          'forget',
          'drain',
          'down',
          'up',
        ] as const),
      ),
    }),
  },
);

/** A session of a speaker with a server and a network that do what they are told. */
class Story {
  readonly rig: SpeakerRig;
  readonly answered: Promise<void>[] = [];
  toldGapMs = 0;
  /** By stream, what the client knew to be acknowledged when it began, in frames of all it said. */
  readonly knownAt = new Map<string, number>();
  #known = 0;

  constructor(historyShare: number) {
    this.rig = new SpeakerRig({}, new ModelServer({ historyShare: () => historyShare }));
    const { speaker } = this.rig;
    speaker.on('ready', ({ streamId }) => {
      if (!this.knownAt.has(streamId)) this.knownAt.set(streamId, this.#known);
    });
    speaker.on('ack', ({ acknowledgedMs }) => {
      const acknowledged = this.knownAt.get(speaker.streamId!)! + (acknowledgedMs * MODEL_RATE) / 1000;
      this.#known = Math.max(this.#known, acknowledged);
    });
  }

  async run(command: Command): Promise<void> {
    const { server, speaker } = this.rig;
    if (command.what === 'speak') this.rig.speak(command.frames);
    if (command.what === 'settle') this.#settle(command.percent, command.isStored);
    if (command.what === 'pass') this.rig.time.advance(command.ms);
    if (command.what === 'turn') await this.rig.turn(command.times);
    if (command.what === 'refuse')
      server.refusal = { code: 'busy', retryable: true, retryAfterMs: command.retryAfterMs };
    if (command.what === 'mark') this.answered.push(speaker.mark());
    if (command.what === 'flush') speaker.flush();
    if (command.what === 'gap') {
      speaker.gap(500);
      this.toldGapMs += 500;
    }
    if (command.what === 'cut') server.socket.cut();
    if (command.what === 'freeze') server.socket.isFrozen = true;
    if (command.what === 'crash') server.crash();
    if (command.what === 'forget') server.forget();
    if (command.what === 'drain') server.drain();
    if (command.what === 'down' || command.what === 'up') server.isUp = command.what === 'up';
  }

  /** The network and the server are well from now on. */
  async end(): Promise<void> {
    const { rig } = this;
    const done = rig.speaker.stop();
    let isDone = false;
    void done.then(() => {
      isDone = true;
    });
    rig.server.isUp = true;
    for (let i = 0; i < 40 && !isDone; i++) {
      this.#settle(100, true);
      await rig.pass(10_000, 5000);
    }
    expect(rig.failure).toBeNull();
    expect(isDone).toBe(true);
  }

  #settle(percent: number, isStored: boolean): void {
    const { server } = this.rig;
    for (const stream of server.streams) {
      if (stream.socket && !stream.isOver)
        server.settle(stream, Math.floor((percent * stream.received.length) / 100), isStored);
    }
  }
}

describe('A speaker', () => {
  it('gets every sample to the server once, whatever becomes of its connections', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 0, max: 100 }),
        async (commands, historyPercent) => {
          const story = new Story(historyPercent / 100);
          for (const command of commands) await story.run(command);
          await story.end();
          const { server, spokenFrames } = story.rig;
          expect(server.faults).toEqual([]);
          let end = 0;
          for (const { id, settled } of server.streams) {
            if (settled.length === 0) continue;
            // Each stream begins with the first sample that is not known to be acknowledged, and has no hole.
            expect(settled[0]).toBe(story.knownAt.get(id));
            expect(settled).toEqual(Array.from(settled, (_, i) => settled[0]! + i));
            end = settled.at(-1)! + 1;
          }
          // What the server acknowledges is in whole milliseconds: less than two that it drains away as the client stops
          // cannot be told from what it has.
          expect(end).toBeLessThanOrEqual(spokenFrames);
          expect(spokenFrames - end).toBeLessThanOrEqual(2 * (MODEL_RATE / 1000));
          expect(server.widestWindowMs).toBeLessThanOrEqual(48_000);
          await Promise.all(story.answered);
          if (server.streams.length === 1) {
            const gapMs = server.stream.gaps.reduce((sum, { durationMs }) => sum + durationMs, 0);
            expect(gapMs).toBeLessThanOrEqual(story.toldGapMs);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
