import { describe, expect, test } from 'vitest';
import type { ServerMessage, ViewerServerMessage } from '../client-sdk/protocol.ts';
import { Meetings, type Viewer } from '../server/meeting/meetings.ts';

class Reader implements Viewer {
  readonly received: ServerMessage[] = [];

  send(message: ServerMessage): void {
    this.received.push(message);
  }
}

function left(speaker: string): ViewerServerMessage {
  return { type: 'speaker-left', meeting: 'm', streamId: 's', speaker };
}

describe('Meetings', () => {
  test('let every viewer of a meeting read what its speakers say, and no other', () => {
    const meetings = new Meetings();
    const [one, two, other] = [new Reader(), new Reader(), new Reader()];
    const ann = meetings.join('standup', 'Ann');
    meetings.watch('standup', one);
    meetings.watch('standup', two);
    meetings.watch('retro', other);
    const message = left('Ann');
    ann.publish(message);
    meetings.join('standup', 'Bob').publish(left('Bob'));
    expect(one.received).toEqual([left('Ann'), left('Bob')]);
    expect(two.received).toEqual(one.received);
    expect(two.received[0]).toBe(message);
    expect(other.received).toEqual([]);
  });

  test('let a viewer come before the speaker', () => {
    const meetings = new Meetings();
    const reader = new Reader();
    meetings.watch('standup', reader);
    meetings.join('standup', null).publish(left('x'));
    expect(reader.received).toHaveLength(1);
  });

  test('name speakers who give no name by the order of their coming, and never reuse a number', () => {
    const meetings = new Meetings();
    const first = meetings.join('standup', null);
    expect(first.speaker).toBe('Speaker 1');
    expect(meetings.join('standup', 'Ann').speaker).toBe('Ann');
    first.leave();
    expect(meetings.join('standup', null).speaker).toBe('Speaker 3');
    expect(meetings.join('retro', null).speaker).toBe('Speaker 1');
  });

  test('send a viewer who has left nothing more', () => {
    const meetings = new Meetings();
    const reader = new Reader();
    const seat = meetings.join('standup', 'Ann');
    const stop = meetings.watch('standup', reader);
    stop();
    stop();
    seat.publish(left('Ann'));
    expect(reader.received).toEqual([]);
  });

  test('take it that a viewer leaves while being sent to', () => {
    const meetings = new Meetings();
    const reader = new Reader();
    const seat = meetings.join('standup', 'Ann');
    const stop: () => void = meetings.watch('standup', { send: () => stop() });
    meetings.watch('standup', reader);
    seat.publish(left('Ann'));
    expect(reader.received).toHaveLength(1);
  });

  test('last while somebody is in them, and are forgotten then', () => {
    const meetings = new Meetings();
    const seat = meetings.join('standup', null);
    const other = meetings.join('standup', null);
    const stop = meetings.watch('standup', new Reader());
    expect(meetings.size).toBe(1);
    seat.leave();
    seat.leave();
    expect(meetings.size).toBe(1);
    stop();
    expect(meetings.size).toBe(1);
    other.leave();
    expect(meetings.size).toBe(0);
    expect(meetings.join('standup', null).speaker).toBe('Speaker 1');
  });

  test('are not ended by a seat of an earlier meeting of the same name', () => {
    const meetings = new Meetings();
    const old = meetings.join('standup', 'Ann');
    old.leave();
    const reader = new Reader();
    meetings.watch('standup', reader);
    old.leave();
    old.publish(left('Ann'));
    expect(meetings.size).toBe(1);
    expect(reader.received).toEqual([]);
  });
});
