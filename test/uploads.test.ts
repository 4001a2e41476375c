import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textAnswer } from '../server/net/http.ts';
import type { Upload } from '../server/upload/upload.ts';
import { openUploadFolder } from '../server/upload/upload-folder.ts';
import { type UploadParts, Uploads } from '../server/upload/uploads.ts';
import { type PostServer, postRequest, servePosts } from './support/post-rig.ts';

const home = mkdtempSync(join(tmpdir(), 'roundtable-uploads-'));
afterAll(() => rmSync(home, { recursive: true }));

let folder: string;
let errors: string[];
beforeEach(() => {
  folder = mkdtempSync(join(home, 'folder-'));
  errors = [];
});

function openUploads(bounds: Partial<UploadParts['bounds']> = {}, more: Partial<UploadParts> = {}): Uploads {
  const observer = { error: (code: string) => void errors.push(code) };

  return new Uploads({
    ...{ folder, observer, bounds: { maxUploadBytes: 1000, maxUploads: 2, ...bounds } },
    ...more,
  });
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const FORM = { 'content-type': 'multipart/form-data; boundary=xx' };

/** A form of these parts: headers behind `form-data`, and contents. */
function form(...parts: readonly (readonly [string, string])[]): string {
  const lines = parts.map(
    ([head, text]) => `--xx\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`,
  );

  return `${lines.join('')}--xx--\r\n`;
}

const CLIP = ['name="file"; filename="clip.wav"', 'RIFF and so on'] as const;

/** Cuts bytes where these positions are. */
function cut(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const cuts = [0, ...at.map((each) => each % (whole.length + 1)).sort((a, b) => a - b), whole.length];

  return cuts.slice(1).map((to, i) => whole.slice(cuts[i], to));
}

describe('Uploads', () => {
  it('keeps a body as a file until it is removed', async () => {
    const uploads = openUploads();
    const upload = await uploads.body(
      postRequest([bytes('ab'), bytes('c')], { 'content-type': 'audio/wav' }),
      null,
    );
    expect(upload).toMatchObject({ bytes: 3, fileName: '', contentType: 'audio/wav', fields: new Map() });
    expect(readFileSync(upload.path, 'latin1')).toBe('abc');
    expect([uploads.underWay, uploads.diskBytes]).toEqual([1, 3]);
    await upload.remove();
    await upload.remove();
    expect(readdirSync(folder)).toEqual([]);
    expect([uploads.underWay, uploads.diskBytes]).toEqual([0, 0]);
  });

  it('takes the file and the fields of a form, however it is cut', async () => {
    const uploads = openUploads();
    const value = fc.string({ unit: 'grapheme', maxLength: 20 });
    const fields = fc.array(fc.tuple(fc.constantFrom('model', 'languages[]', '__proto__'), value), {
      maxLength: 6,
    });
    // Of what a form is made of, above all.
    const file = fc.array(fc.constantFrom('\r\n', '--xx', '--', '\r', 'a', '\0', '\xff'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        fields,
        file,
        fc.nat(6),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (said, text, before, at) => {
          const contents = text.join('');
          fc.pre(!contents.includes('\r\n--xx') && !said.some(([, each]) => each.includes('--xx')));
          fc.pre(!contents.startsWith('--xx'));
          const parts = said.map(([name, each]): [string, string] => [
            `name="${name}"`,
            Buffer.from(each).toString('latin1'),
          ]);
          parts.splice(before % (parts.length + 1), 0, [
            'name="file"; filename="/folder/cl\xc3\xafp.wav"',
            contents,
          ]);
          const upload = await uploads.form(postRequest(cut(bytes(form(...parts)), at), FORM), 'file', null);
          expect(readFileSync(upload.path, 'latin1')).toBe(contents);
          expect(upload.fileName).toBe('clïp.wav');
          const expected = new Map<string, string[]>();
          for (const [name, each] of said) expected.set(name, [...(expected.get(name) ?? []), each]);
          expect(upload.fields).toEqual(expected);
          await upload.remove();
        },
      ),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  const BROKEN = form(CLIP).slice(0, -20);
  const MANY = form(...Array.from({ length: 65 }, (_, i) => [`name="f${i}"`, ''] as const), CLIP);
  it.each<[string, string, string, RegExp]>([
    ['no form', 'audio/wav', 'RIFF', /^bad-message: .*multipart\/form-data/],
    ['a form without a boundary', 'multipart/form-data', form(CLIP), /^bad-message: .*multipart\/form-data/],
    [
      'a form of another kind',
      'application/x-www-form-urlencoded',
      'file=RIFF',
      /^bad-message: .*no file named file/,
    ],
    ['a form that ends too early', FORM['content-type'], BROKEN, /^bad-message: .*ends too early/],
    ['a form that never begins', FORM['content-type'], 'RIFF', /^bad-message/],
    ['nothing', FORM['content-type'], '', /^bad-message/],
    [
      'a form without a file',
      FORM['content-type'],
      form(['name="file"', 'x']),
      /^bad-message: .*no file named file/,
    ],
    ['two files', FORM['content-type'], form(CLIP, CLIP), /^bad-message: .*has one file/],
    [
      'a file of another name',
      FORM['content-type'],
      form(['name="x"; filename="y"', 'z']),
      /^bad-message: .*named file/,
    ],
    ['too many fields', FORM['content-type'], MANY, /^out-of-range: .*at most 64/],
    [
      'too long a field',
      FORM['content-type'],
      form(['name="x"', 'y'.repeat(16_385)], CLIP),
      /^out-of-range: .*16384/,
    ],
  ])('refuses %s, and leaves nothing behind', async (_, contentType, text, refusal) => {
    const uploads = openUploads();
    const request = postRequest([bytes(text)], { 'content-type': contentType });
    const error = await uploads.form(request, 'file', null).catch((thrown: unknown) => thrown);
    const { code, message } = error as { code: string; message: string };
    expect(`${code}: ${message}`).toMatch(refusal);
    expect(errors).toEqual([code]);
    expect(readdirSync(folder)).toEqual([]);
    expect(uploads.underWay).toBe(0);
  });

  it('refuses what is too large, told beforehand or not, and takes what just fits', async () => {
    const uploads = openUploads();
    const refusal = { code: 'upload-too-large', message: expect.stringContaining('1000 bytes') };
    const none = {
      [Symbol.iterator]: (): Iterator<Uint8Array> => {
        throw new Error('It was read.');
      },
    };
    await expect(uploads.body(postRequest(none, { 'content-length': '1001' }), null)).rejects.toMatchObject(
      refusal,
    );
    const pieces = [bytes('x'.repeat(600)), bytes('x'.repeat(401))];
    await expect(uploads.body(postRequest(pieces), null)).rejects.toMatchObject(refusal);
    const clip = (size: number) =>
      form(['name="file"; filename="x"', 'x'.repeat(size)], ['name="model"', 'y']);
    await expect(uploads.form(postRequest([bytes(clip(1001))], FORM), 'file', null)).rejects.toMatchObject(
      refusal,
    );
    const chatter = Array.from({ length: 50 }, () => new Uint8Array(65_536));
    await expect(uploads.form(postRequest(chatter, FORM), 'file', null)).rejects.toMatchObject(refusal);
    expect(readdirSync(folder)).toEqual([]);
    const length = { 'content-length': String(clip(1000).length) };
    const upload = await uploads.form(postRequest([bytes(clip(1000))], { ...FORM, ...length }), 'file', null);
    expect(upload.bytes).toBe(1000);
    await upload.remove();
  });

  it('takes no more at once than it may, and another when one is removed', async () => {
    const uploads = openUploads();
    const take = () => uploads.body(postRequest([bytes('x')]), null);
    const [first] = await Promise.all([take(), take()]);
    await expect(take()).rejects.toMatchObject({ code: 'too-many-uploads', retryAfterMs: 5000 });
    await first!.remove();
    await (await take()).remove();
  });

  it('takes half as many of one key, rounded up', async () => {
    const uploads = openUploads({ maxUploads: 3 });
    const take = (key: string | null) => uploads.body(postRequest([bytes('x')]), key);
    const [first] = await Promise.all([take('press'), take('press')]);
    await expect(take('press')).rejects.toMatchObject({
      code: 'too-many-uploads',
      message: expect.stringContaining('This key'),
    });
    const other = await take('radio');
    await expect(take(null)).rejects.toMatchObject({ code: 'too-many-uploads' });
    await first!.remove();
    await (await take('press')).remove();
    await other.remove();
  });

  it('leaves nothing behind when the client goes away', async () => {
    const uploads = openUploads();
    const gone = { name: 'ClientGoneError' };
    await expect(uploads.body(postRequest([bytes('abc')], {}, true), null)).rejects.toMatchObject(gone);
    const half = postRequest([bytes(form(CLIP).slice(0, 80))], FORM, true);
    await expect(uploads.form(half, 'file', null)).rejects.toMatchObject(gone);
    expect(readdirSync(folder)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'says so when the disk is full, and leaves nothing behind',
    async () => {
      const uploads = openUploads({}, { create: () => open('/dev/full', 'w') });
      const full = { code: 'no-space', retryAfterMs: 5000 };
      await expect(uploads.body(postRequest([bytes('abc')]), null)).rejects.toMatchObject(full);
      await expect(uploads.form(postRequest([bytes(form(CLIP))], FORM), 'file', null)).rejects.toMatchObject(
        full,
      );
      expect(uploads.underWay).toBe(0);
      expect(errors).toEqual(['no-space', 'no-space']);
    },
  );

  it('gives up what is coming when the server stops, and waits for what is there', async () => {
    const uploads = openUploads();
    const kept = await uploads.body(postRequest([bytes('x')]), null);
    const never = {
      ...postRequest([]),
      body: (async function* () {
        yield bytes('x');
        await new Promise(() => {});
      })(),
    };
    const coming = uploads.body(never, null).catch((thrown: unknown) => thrown);
    let isClosed = false;
    const closed = uploads.close().then(() => {
      isClosed = true;
    });
    expect(await coming).toMatchObject({ code: 'draining' });
    await expect(uploads.body(postRequest([bytes('x')]), null)).rejects.toMatchObject({ code: 'draining' });
    expect(isClosed).toBe(false);
    await kept.remove();
    await closed;
    await uploads.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('Uploads over HTTP', () => {
  let server: PostServer;
  afterEach(() => server.close());

  it('takes forms as they are sent, several at a time', async () => {
    const uploads = openUploads({ maxUploadBytes: 1 << 22, maxUploads: 8 });
    const sizes: number[] = [];
    server = await servePosts({
      '/form': async (request) => {
        const upload = await uploads.form(request, 'file', null);
        sizes.push(readFileSync(upload.path).length);
        await upload.remove();

        return textAnswer('200 OK', `${upload.fileName} ${upload.contentType} ${upload.fields.get('model')}`);
      },
    });
    const send = async (size: number) => {
      const body = new FormData();
      body.append('model', 'whisper-1');
      body.append('file', new Blob([new Uint8Array(size)], { type: 'audio/flac' }), 'talk.flac');

      return (await fetch(`${server.url}/form`, { method: 'POST', body })).text();
    };
    const wanted = [0, 1, 65_536, 3_000_000, 4_000_000];
    const answers = await Promise.all(wanted.map(send));
    expect(new Set(answers)).toEqual(new Set(['talk.flac audio/flac whisper-1\n']));
    expect(sizes.sort((a, b) => a - b)).toEqual(wanted);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has removed the file of a client that went away half-way', async () => {
    const uploads = openUploads();
    let ended = (_: unknown) => {};
    const over = new Promise((resolve) => {
      ended = resolve;
    });
    server = await servePosts({
      '/body': async (request) => {
        const upload = await uploads.body(request, null).catch((error: unknown) => {
          ended(error);
          throw error;
        });

        return textAnswer('200 OK', String((upload as Upload).bytes));
      },
    });
    const socket = server.post('/body', { 'content-length': 900 });
    await once(socket, 'connect');
    socket.write('x'.repeat(500));
    while (uploads.diskBytes < 500) await new Promise((resolve) => setImmediate(resolve));
    expect(readdirSync(folder)).toHaveLength(1);
    socket.destroy();
    expect(await over).toMatchObject({ name: 'ClientGoneError' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('openUploadFolder', () => {
  it('deletes what processes left that are gone, and nothing else', async () => {
    const dataDir = mkdtempSync(join(home, 'data-'));
    mkdirSync(join(dataDir, 'uploads'));
    const living = `${process.ppid}-0a`;
    const names = [`${process.pid}-0a`, '4194305-0b', '4194305-0b.0c.part', living, 'notes.txt', '12-x'];
    for (const name of names) writeFileSync(join(dataDir, 'uploads', name), '');
    expect(await openUploadFolder(dataDir)).toBe(join(dataDir, 'uploads'));
    expect(readdirSync(join(dataDir, 'uploads')).sort()).toEqual([living, '12-x', 'notes.txt'].sort());
  });

  it('is in the folder of temporary files where nothing is to be kept', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = home;
    try {
      const first = await openUploadFolder('none');
      expect(first.startsWith(join(home, 'roundtable-uploads-'))).toBe(true);
      expect(await openUploadFolder('none')).toBe(first);
      rmSync(first, { recursive: true });
      writeFileSync(first, 'Somebody else has that name.');
      expect(await openUploadFolder('none')).not.toBe(first);
    } finally {
      process.env.TMPDIR = before ?? tmpdir();
    }
  });

  it('says what to do when there can be no such folder', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    await expect(openUploadFolder(file)).rejects.toThrow(
      /^The folder for uploads cannot be used: .* --data-dir\.$/,
    );
  });
});
