import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinalMessage, PartialMessage, ServerMessage } from '../client-sdk/protocol.ts';
import { Outbox } from '../server/net/outbox.ts';

const ROOMY = 1_000_000;

function partial(captionId: string, revision: number): PartialMessage {
  return { ...place(captionId, revision), type: 'partial', stableChars: 0 };
}

function final(captionId: string, revision: number): FinalMessage {
  return { ...place(captionId, revision), type: 'final', endpoint: 'silence', language: 'en', model: 'm' };
}

function place(captionId: string, revision: number) {
  return {
    meeting: 'm',
    streamId: 's',
    speaker: 'Ann',
    captionId,
    segmentId: 0,
    revision,
    startMs: 0,
    endMs: 1,
    spokenAtMs: 0,
    text: '',
  };
}

function lost(captionId?: string): ServerMessage {
  return {
    type: 'error',
    code: 'segment-lost',
    message: '',
    retryable: false,
    fatal: false,
    ...(captionId !== undefined && { captionId }),
  };
}

function ack(acknowledgedMs: number): ServerMessage {
  return { type: 'ack', acknowledgedMs };
}

/** An outbox whose messages are known by the bytes they were encoded as. */
class Rig {
  dropped = 0;
  readonly outbox = new Outbox(() => {
    this.dropped++;
  });
  readonly #messages = new Map<Uint8Array, ServerMessage>();

  hold(message: ServerMessage, roomBytes = ROOMY, bytes = 10): boolean {
    const encoded = new Uint8Array(bytes);
    this.#messages.set(encoded, message);

    return this.outbox.hold(message, encoded, roomBytes);
  }

  take(bytes = Number.POSITIVE_INFINITY): ServerMessage[] {
    return this.outbox.take(bytes).map((encoded) => this.#messages.get(encoded)!);
  }
}

/** What is taken after all of these were held. */
function through(...messages: readonly ServerMessage[]): ServerMessage[] {
  const rig = new Rig();
  for (const message of messages) expect(rig.hold(message)).toBe(true);

  return rig.take();
}

describe('Outbox', () => {
  test('puts a newer partial in the place of the held one of its caption', () => {
    const [other, marker] = [partial('b', 0), { type: 'marker', id: 1 } as const];
    expect(through(partial('a', 0), other, marker, partial('a', 1))).toEqual([
      partial('a', 1),
      other,
      marker,
    ]);
  });

  test('removes the partial of a caption that is final or lost, and puts the end of it last', () => {
    expect(through(partial('a', 0), partial('b', 0), final('a', 0))).toEqual([
      partial('b', 0),
      final('a', 0),
    ]);
    expect(through(partial('a', 0), partial('b', 0), lost('a'))).toEqual([partial('b', 0), lost('a')]);
    expect(through(partial('a', 0), lost())).toEqual([partial('a', 0), lost()]);
  });

  test('keeps the newest ack only, behind the finals that it covers', () => {
    expect(through(ack(1), final('a', 0), ack(2))).toEqual([final('a', 0), ack(2)]);
  });

  test('keeps the newest service level and the newest place in the queue', () => {
    const slower = { type: 'service', level: 'slower-partials', reason: 'inference-backlog' } as const;
    const full = { type: 'service', level: 'full', reason: 'recovered' } as const;
    const third = { type: 'waiting', ahead: 2, expectedWaitMs: null } as const;
    const second = { type: 'waiting', ahead: 1, expectedWaitMs: 900 } as const;
    expect(through(slower, third, full, second)).toEqual([full, second]);
  });

  test('never mistakes a caption for something else, whatever it is called', () => {
    for (const captionId of ['ack', 'service', '0', '__proto__']) {
      const marker = { type: 'marker', id: 0 } as const;
      expect(through(marker, ack(1), partial(captionId, 0))).toEqual([marker, ack(1), partial(captionId, 0)]);
    }
  });

  test('makes room by dropping partials, oldest first, no more than it needs', () => {
    const rig = new Rig();
    for (const id of ['a', 'b', 'c']) rig.hold(partial(id, 0), 40);
    expect(rig.hold(final('d', 0), 40)).toBe(true);
    expect(rig.dropped).toBe(0);
    expect(rig.hold(final('e', 0), 40)).toBe(true);
    expect(rig.dropped).toBe(1);
    expect(rig.take()).toEqual([partial('b', 0), partial('c', 0), final('d', 0), final('e', 0)]);
  });

  test('is full when there is no partial left to drop; a partial alone never fills it', () => {
    const rig = new Rig();
    expect(rig.hold(final('a', 0), 10)).toBe(true);
    expect(rig.hold(partial('b', 0), 10)).toBe(true);
    expect(rig.outbox.size).toBe(1);
    expect(rig.hold(final('c', 0), 10)).toBe(false);
  });

  test('gives at least one message, and then as many as it takes to come to the bytes asked for', () => {
    const rig = new Rig();
    for (let id = 0; id < 5; id++) rig.hold({ type: 'marker', id });
    expect(rig.take(0)).toHaveLength(1);
    expect(rig.take(11)).toHaveLength(2);
    expect(rig.outbox.bytes).toBe(20);
    expect(rig.take(1000)).toHaveLength(2);
    expect(rig.take(1000)).toEqual([]);
    expect(rig.outbox).toMatchObject({ bytes: 0, size: 0 });
  });

  test('is empty when cleared', () => {
    const rig = new Rig();
    rig.hold(partial('a', 0));
    rig.outbox.clear();
    expect(rig.outbox).toMatchObject({ bytes: 0, size: 0 });
    expect(rig.take()).toEqual([]);
  });
});

/** What a server does: captions in turn, revisions that grow, no partial behind the end of its caption. */
type Step =
  | { readonly kind: 'partial' | 'final' | 'lost'; readonly caption: number; readonly bytes: number }
  | { readonly kind: 'ack' | 'marker' | 'left'; readonly bytes: number }
  | { readonly kind: 'take'; readonly bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('partial', 'partial', 'partial', 'final', 'lost'),
      caption: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack', 'marker', 'left'),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), bytes: fc.nat(100) }) },
);

class Script {
  readonly sent: ServerMessage[] = [];
  readonly #ended = [0, 0, 0, 0];
  #revision = 0;

  next(kind: Exclude<Step['kind'], 'take'>, caption: number): ServerMessage {
    const message = this.#make(kind, caption);
    this.sent.push(message);

    return message;
  }

  #make(kind: Exclude<Step['kind'], 'take'>, caption: number): ServerMessage {
    const number = this.#revision++;
    if (kind === 'ack') return ack(number);
    if (kind === 'marker') return { type: 'marker', id: number };
    if (kind === 'left') return { type: 'speaker-left', meeting: 'm', streamId: `${number}`, speaker: 'Ann' };
    const captionId = `s${caption}:${this.#ended[caption]}`;
    if (kind === 'partial') return partial(captionId, number);
    this.#ended[caption]!++;

    return kind === 'final' ? final(captionId, number) : lost(captionId);
  }
}

interface Run {
  readonly sent: readonly ServerMessage[];
  readonly got: readonly ServerMessage[];
  readonly dropped: number;
  /** Whether a message found no room, which ended it. */
  readonly isFull: boolean;
}

function play(steps: readonly Step[], roomBytes: number): Run {
  const rig = new Rig();
  const script = new Script();
  const got: ServerMessage[] = [];
  let isFull = false;
  for (const action of steps) {
    if (action.kind === 'take') {
      got.push(...rig.take(action.bytes));
      continue;
    }
    const message = script.next(action.kind, 'caption' in action ? action.caption : 0);
    isFull = !rig.hold(message, roomBytes, action.bytes);
    if (isFull) {
      expect(message.type).not.toBe('partial');
      break;
    }
    expect(rig.outbox.bytes).toBeLessThanOrEqual(roomBytes);
  }
  got.push(...rig.take());
  expect(rig.outbox).toMatchObject({ bytes: 0, size: 0 });

  return { sent: script.sent, got, dropped: rig.dropped, isFull };
}

function isReplaceable({ type }: ServerMessage): boolean {
  return type === 'partial' || type === 'ack';
}

describe('Whatever goes through an outbox', () => {
  const run = fc
    .tuple(fc.array(step, { maxLength: 80 }), fc.constantFrom(60, 200, ROOMY))
    .map(([steps, roomBytes]) => play(steps, roomBytes));

  test('comes out once, in order but for partials, with all that is neither partial nor ack', () => {
    fc.assert(
      fc.property(run, ({ sent, got }) => {
        expect(new Set(got).size).toBe(got.length);
        for (const message of got) expect(sent).toContain(message);
        const kept = (messages: readonly ServerMessage[]) => messages.filter((m) => !isReplaceable(m));
        expect(kept(got)).toEqual(kept(sent));
        const withoutPartials = got.filter(({ type }) => type !== 'partial');
        const places = withoutPartials.map((message) => sent.indexOf(message));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
      { numRuns: 1000 },
    );
  });

  test('has revisions that grow within a caption, and nothing of it behind its end', () => {
    fc.assert(
      fc.property(run, ({ got }) => {
        const revisions = new Map<string, number>();
        for (const message of got) {
          if (!('captionId' in message) || message.captionId === undefined) continue;
          const before = revisions.get(message.captionId) ?? -1;
          const revision = 'revision' in message ? message.revision : Number.POSITIVE_INFINITY;
          expect(revision).toBeGreaterThan(before);
          revisions.set(message.captionId, message.type === 'partial' ? revision : Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('lacks only partials that are counted, and acks that a later one makes up for', () => {
    fc.assert(
      fc.property(run, ({ sent, got, dropped }) => {
        const of = (type: ServerMessage['type'], messages: readonly ServerMessage[]) =>
          messages.filter((message) => message.type === type);
        expect(of('partial', got).length + dropped).toBe(of('partial', sent).length);
        expect(of('ack', got).at(-1)).toBe(of('ack', sent).at(-1));
      }),
      { numRuns: 1000 },
    );
  });

  test('is missing nothing but superseded partials where there is room', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { sent, got, isFull } = play(steps, ROOMY);
        expect(isFull).toBe(false);
        for (const message of sent) {
          if (message.type !== 'partial' || got.includes(message)) continue;
          const later = sent.slice(sent.indexOf(message) + 1);
          expect(later.some((other) => 'captionId' in other && other.captionId === message.captionId)).toBe(
            true,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
