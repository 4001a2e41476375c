import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamError } from '../server/errors.ts';
import { type PostRequest, textAnswer } from '../server/net/http.ts';
import { RequestBody } from '../server/net/request-body.ts';
import { ManualClock } from './support/manual-clock.ts';
import { type PostServer, servePosts } from './support/post-rig.ts';

let server: PostServer | null = null;
afterEach(() => server?.close());

/** Answers with how much came, and what. */
async function tell({ body, headers }: PostRequest) {
  let bytes = 0;
  let sum = 0;
  for await (const piece of body) {
    bytes += piece.length;
    for (const byte of piece) sum = (sum + byte) % 65_521;
  }

  return textAnswer('200 OK', `${bytes} bytes, sum ${sum}, of ${headers['content-type']}`);
}

function post(path: string, body: string | Uint8Array): Promise<Response> {
  return fetch(`${server!.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'audio/wav' } });
}

describe('A POST route', () => {
  it('gets the body as it was sent, whole', async () => {
    server = await servePosts({ '/tell': tell });
    const body = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 31) % 256);
    const sum = body.reduce((a, b) => (a + b) % 65_521, 0);
    expect(await (await post('/tell', body)).text()).toBe(`3000001 bytes, sum ${sum}, of audio/wav\n`);
    expect(await (await post('/tell', '')).text()).toBe('0 bytes, sum 0, of audio/wav\n');
  });

  it('has the client wait while it reads nothing', async () => {
    let startReading = () => {};
    const read = new Promise<void>((resolve) => {
      startReading = resolve;
    });
    let bytes = 0;
    server = await servePosts({
      '/wait': async ({ body }) => {
        await read;
        for await (const piece of body) bytes += piece.length;

        return textAnswer('200 OK', String(bytes));
      },
    });
    const total = 64 << 20;
    const socket = server.post('/wait', { 'content-length': total });
    let sent = 0;
    const piece = Buffer.alloc(1 << 20);
    // Until the kernel's buffers and ours are full.
    while (sent < total && socket.write(piece)) {
      sent += piece.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    sent += piece.length;
    expect(sent).toBeLessThan(total);
    startReading();
    for (; sent < total; sent += piece.length) if (!socket.write(piece)) await once(socket, 'drain');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toContain(`\r\n\r\n${total}\n`);
    socket.destroy();
  });

  it('may answer without having read the body, or all of it', async () => {
    server = await servePosts({
      '/none': () => textAnswer('413 Payload Too Large', 'None of it.'),
      '/some': async ({ body }) => {
        for await (const piece of body)
          return textAnswer('400 Bad Request', piece.length > 0 ? 'Some.' : 'No.');

        return textAnswer('200 OK', 'Nothing came.');
      },
      '/tell': tell,
    });
    for (let i = 0; i < 3; i++) {
      const large = new Uint8Array(8 << 20);
      expect(await (await post('/none', large)).text()).toBe('None of it.\n');
      expect(await (await post('/some', large)).text()).toBe('Some.\n');
      // On a connection that was used before, if the client keeps any.
      expect(await (await post('/tell', 'abc')).text()).toBe('3 bytes, sum 294, of audio/wav\n');
    }
  });

  it('hears when the client goes away, while the body comes and after it', async () => {
    const heard: string[] = [];
    let arrived = () => {};
    server = await servePosts({
      '/hear': async ({ body, signal, params }) => {
        signal.addEventListener('abort', () => heard.push(`signal: ${signal.reason.name}`));
        try {
          for await (const _ of body) arrived();
          heard.push('whole');
          await once(signal, 'abort');
        } catch (error) {
          heard.push(`body: ${(error as Error).name}`);
        }
        arrived();

        return textAnswer('200 OK', `${params}`);
      },
    });
    for (const length of [5, 3]) {
      const socket = server.post('/hear', { 'content-length': length });
      const come = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      socket.write('abc');
      await come;
      const over = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      socket.destroy();
      await over;
    }
    expect(heard).toEqual([
      'signal: ClientGoneError',
      'body: ClientGoneError',
      'whole',
      'signal: ClientGoneError',
    ]);
  });
});

/** A response that only hands over a body, and notes what is done to it. */
function handOver() {
  const clock = new ManualClock();
  const done: string[] = [];
  let handler: (chunk: ArrayBuffer, isLast: boolean) => void = () => {};
  const res = {
    onData: (given: typeof handler) => {
      handler = given;
    },
    pause: () => done.push('pause'),
    resume: () => done.push('resume'),
  };
  const body = new RequestBody(res as unknown as ConstructorParameters<typeof RequestBody>[0], clock);
  /** As uWebSockets.js does: the memory is gone afterwards. */
  const come = (bytes: Uint8Array, isLast = false) => {
    const memory = bytes.slice().buffer;
    handler(memory, isLast);
    structuredClone(memory, { transfer: [memory] });
  };

  return { clock, body, come, done };
}

describe('RequestBody', () => {
  it('gives what came, however it was cut and whenever it is read', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(20), fc.boolean(), async (sent, readFrom, isEmptyLast) => {
        const { body, come } = handOver();
        const read: number[] = [];
        const reading = async () => {
          for await (const piece of body) read.push(...piece);
        };
        let over: Promise<void> | null = null;
        sent.forEach((piece, i) => {
          if (i === readFrom) over = reading();
          come(piece, i === sent.length - 1 && !isEmptyLast);
        });
        if (isEmptyLast || sent.length === 0) come(new Uint8Array(0), true);
        await (over ?? reading());
        expect(read).toEqual(sent.flatMap((piece) => [...piece]));
      }),
    );
  });

  it('holds no more than it has to, and pauses and resumes in turn', async () => {
    const { body, come, done } = handOver();
    const pieces = body[Symbol.asyncIterator]();
    for (let i = 0; i < 4; i++) come(new Uint8Array(65_536));
    expect(done).toEqual(['pause']);
    for (let i = 0; i < 3; i++) await pieces.next();
    expect(done).toEqual(['pause', 'resume']);
    for (let i = 0; i < 3; i++) come(new Uint8Array(65_536));
    expect(done).toEqual(['pause', 'resume', 'pause']);
    body.ending();
    expect(done).toEqual(['pause', 'resume', 'pause', 'resume']);
    await expect(pieces.next()).rejects.toThrow('answered');
  });

  it('touches nothing after the client has gone', async () => {
    const { body, come, done, clock } = handOver();
    const pieces = body[Symbol.asyncIterator]();
    for (let i = 0; i < 4; i++) come(new Uint8Array(65_536));
    body.aborted();
    await expect(pieces.next()).rejects.toThrow('The client went away.');
    clock.advance(60_000);
    expect(done).toEqual(['pause']);
    expect(clock.pendingTimers).toBe(0);
    expect(body.signal.reason).toMatchObject({ name: 'ClientGoneError' });
  });

  it('gives up a body that stops, and none that comes slowly', async () => {
    const { body, come, clock } = handOver();
    const read = (async () => {
      for await (const _ of body);
    })();
    // 8 kbit/s.
    for (let i = 0; i < 120; i++) {
      come(new Uint8Array(1000));
      clock.advance(1000);
    }
    clock.advance(34_000);
    const error = await read.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamError);
    expect(error).toMatchObject({ code: 'upload-stalled' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for a reader as long as it likes', async () => {
    const { body, come, clock } = handOver();
    for (let i = 0; i < 4; i++) come(new Uint8Array(65_536));
    clock.advance(3_600_000);
    const pieces = body[Symbol.asyncIterator]();
    for (let i = 0; i < 4; i++) expect((await pieces.next()).done).toBe(false);
    clock.advance(20_000);
    come(new Uint8Array(1), true);
    expect((await pieces.next()).done).toBe(false);
    expect((await pieces.next()).done).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
