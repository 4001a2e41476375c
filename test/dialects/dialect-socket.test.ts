import type { WebSocket } from 'uWebSockets.js';
import { describe, expect, test } from 'vitest';
import { DialectSocket } from '../../server/dialects/dialect-socket.ts';

/** A socket whose client reads only when told to. */
function unread(maxOutputBytes: number) {
  const sent: string[] = [];
  const ends: [number, string][] = [];
  const events: string[] = [];
  let buffered = 0;
  const socket = new DialectSocket<null>(maxOutputBytes, {
    cutOff: () => events.push('cut off'),
    interimDropped: () => events.push('interim dropped'),
  });
  socket.opened({
    getBufferedAmount: () => buffered,
    send: (text: string) => {
      sent.push(text);
      buffered += Buffer.byteLength(text);
    },
    end: (code: number, reason: string) => ends.push([code, reason]),
  } as unknown as WebSocket<null>);
  const read = () => {
    buffered = 0;
  };

  return { socket, sent, ends, events, read };
}

describe('DialectSocket', () => {
  test('leaves out interim results while a quarter of what may be unread is', () => {
    const { socket, sent, events, read } = unread(100);
    socket.send('a'.repeat(25));
    socket.sendInterim('b');
    socket.sendInterim('c');
    expect(events).toEqual(['interim dropped']);
    read();
    socket.sendInterim('d');
    expect(sent.map((text) => text[0])).toEqual(['a', 'b', 'd']);
  });

  test('cuts off a client that leaves too much unread, once, and sends it nothing more', () => {
    const { socket, sent, events, read } = unread(100);
    socket.send('a'.repeat(60));
    expect(socket.bufferedBytes).toBe(60);
    socket.send('ü'.repeat(21));
    socket.send('b');
    read();
    socket.send('c');
    expect(events).toEqual(['cut off']);
    expect(sent).toHaveLength(1);
  });

  test('sends nothing before it is open, nor once it has closed, and closes once', () => {
    const closed = unread(100);
    closed.socket.close(1000, 'done');
    closed.socket.close(1011, 'again');
    closed.socket.send('late');
    const gone = unread(100);
    gone.socket.gone();
    gone.socket.send('late');
    gone.socket.close(1000, '');
    expect([closed.sent, closed.ends, gone.sent, gone.ends]).toEqual([[], [[1000, 'done']], [], []]);
    const early = new DialectSocket<null>(100, { cutOff: () => {}, interimDropped: () => {} });
    early.send('early');
    expect(early.bufferedBytes).toBe(0);
  });
});
