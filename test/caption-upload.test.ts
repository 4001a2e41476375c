import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ANYONE } from '../server/admission/api-keys.ts';
import { type ErrorCode, StreamError } from '../server/errors.ts';
import type { RecordingLobby } from '../server/session/caption-recording.ts';
import { captionUpload } from '../server/upload/caption-upload.ts';
import { Uploads } from '../server/upload/uploads.ts';
import { writeWav } from './fixtures/audio/write-wav.ts';
import { encode } from './support/audio.ts';
import { openLobby } from './support/lobby-rig.ts';
import { postRequest } from './support/post-rig.ts';
import { speech } from './support/speech-stream-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'roundtable-caption-upload-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A WAV file: a sentence of two seconds, and a second's pause. */
const CLIP = writeWav(
  { tag: 1, bits: 16, sampleRate: 16_000 },
  encode('pcm_s16le', Float32Array.from([...speech(32_000), ...new Float32Array(16_000)])),
);

function setUp() {
  const rig = openLobby();
  const errors: ErrorCode[] = [];
  const error = (code: ErrorCode) => void errors.push(code);
  const bounds = { maxUploadBytes: 1 << 20, maxUploads: 4 };
  const uploads = new Uploads({ folder, bounds, observer: { error } });
  const lobby: RecordingLobby & { error: typeof error } = {
    speaker: (...args) => rig.lobby.speaker(...args),
    error,
  };
  rig.open();
  const caption = async (
    bytes: Uint8Array,
    maxRecordingMs = 60_000,
    signal = new AbortController().signal,
  ) => {
    const upload = await uploads.body(postRequest([bytes]), null);
    const work = captionUpload({ upload, lobby, maxRecordingMs, caller: ANYONE, start: {}, signal });

    return { upload, work: rig.over(work) };
  };

  return { ...rig, errors, uploads, caption };
}

describe('captionUpload', () => {
  it('captions nothing of a file that is refused for what it is, and removes it', async () => {
    const { uploads, lobby } = setUp();
    const upload = await uploads.body(postRequest([CLIP]), null);
    const refusal = new StreamError('out-of-range');
    const inspect = ({ channels }: { readonly channels: number | null }) => {
      expect(channels).toBe(1);
      throw refusal;
    };
    const { signal } = new AbortController();
    const work = captionUpload({
      ...{ upload, lobby },
      ...{ maxRecordingMs: 60_000, caller: ANYONE, start: {}, signal, inspect },
    });
    await expect(work).rejects.toBe(refusal);
    expect(existsSync(upload.path)).toBe(false);
  });

  it('captions a file and removes it', async () => {
    const { caption, uploads, errors } = setUp();
    const { upload, work } = await caption(CLIP);
    const { finals, done } = await work;
    expect(finals).toHaveLength(1);
    expect(done.receivedMs).toBe(3000);
    expect(existsSync(upload.path)).toBe(false);
    expect(uploads.underWay).toBe(0);
    expect(errors).toEqual([]);
  });

  it.each<[string, Uint8Array, number, RegExp]>([
    ['is empty', Buffer.alloc(0), 60_000, /The file is empty\.$/],
    ['is damaged', CLIP.subarray(0, 20), 60_000, /The file is a damaged WAV file/],
    ['holds no audio', writeWav({ tag: 1, bits: 16 }, Buffer.alloc(0)), 60_000, /The file holds no audio\.$/],
    ['is too long', CLIP, 2000, /The file is longer than 2 seconds\./],
  ])('refuses a file that %s, without telling where it lies', async (_, bytes, maxMs, sentence) => {
    const { caption, uploads, errors, lobby } = setUp();
    const { upload, work } = await caption(bytes, maxMs);
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'StreamError',
      code: 'bad-recording',
      message: expect.stringMatching(sentence),
    });
    expect(String(error)).not.toContain(folder);
    expect(existsSync(upload.path)).toBe(false);
    expect([uploads.underWay, lobby.streams()]).toEqual([0, 0]);
    expect(errors).toEqual(['bad-recording']);
  });

  it('removes the file of a client that went away, and gives up its seat', async () => {
    const { caption, uploads, errors, lobby, run } = setUp();
    const abort = new AbortController();
    const { work } = await caption(CLIP, 60_000, abort.signal);
    const failed = work.catch((thrown: unknown) => thrown);
    await run(20);
    abort.abort(new Error('gone'));
    expect(await failed).toMatchObject({ message: 'gone' });
    expect([uploads.underWay, lobby.streams()]).toEqual([0, 0]);
    expect(errors).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('A playlist that is sent as a recording', () => {
  it('gets its sender no captions of another file', async (context) => {
    const { caption } = setUp();
    const other = join(folder, 'other.wav');
    writeFileSync(other, CLIP);
    const { work } = await caption(
      Buffer.from(`#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${other}\n#EXT-X-ENDLIST\n`),
    );
    const error = await work.catch((thrown: unknown) => thrown);
    context.skip(String(error).includes('there is none on the PATH'), 'there is no ffmpeg on the PATH');
    expect(error).toMatchObject({
      code: 'bad-recording',
      message: expect.stringContaining('not on whitelist'),
    });
  });
});
