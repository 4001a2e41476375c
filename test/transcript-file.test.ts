import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { type TranscriptFormat, transcriptFile } from '../server/transcript/transcript-file.ts';
import { finalAt } from './support/finals.ts';
import { readSrt, readVtt } from './support/subtitles.ts';

const talk = [
  finalAt(2000, 'Good morning, everyone.'),
  finalAt(7000, 'Is the new reader done?'),
  finalAt(12_000, 'Nearly <done> & tested.', { streamId: 'grace', speaker: 'Grace' }),
];

async function write(format: TranscriptFormat, captions: readonly FinalMessage[] = talk): Promise<string> {
  return String(await transcriptFile({ meeting: 'standup', captions, more: false }, format));
}

/** The files of an archive, by name. */
function unzip(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
    const deflatedBytes = archive.readUInt32LE(at + 18);
    const nameBytes = archive.readUInt16LE(at + 26);
    const begin = at + 30 + nameBytes;
    const bytes = inflateRawSync(archive.subarray(begin, begin + deflatedBytes));
    files.set(archive.toString('latin1', at + 30, begin), bytes.toString('utf8'));
    expect(bytes.length).toBe(archive.readUInt32LE(at + 22));
    at = begin + deflatedBytes;
  }

  return files;
}

describe('A transcript', () => {
  test('is text with a line for each caption, its time, and who speaks when it is somebody else', async () => {
    expect(await write('txt')).toBe(
      '[00:00:00] Ada: Good morning, everyone.\n[00:00:05] Is the new reader done?\n[00:00:10] Grace: Nearly <done> & tested.\n',
    );
  });

  test('is SubRip with times from the first caption on', async () => {
    expect(readSrt(await write('srt'))).toEqual([
      { startMs: 0, endMs: 4000, voice: null, lines: ['Ada: Good morning, everyone.'] },
      { startMs: 5000, endMs: 9000, voice: null, lines: ['Is the new reader done?'] },
      { startMs: 10_000, endMs: 14_000, voice: null, lines: ['Grace: Nearly <done> & tested.'] },
    ]);
  });

  test('is WebVTT with voices, its marks escaped', async () => {
    const file = await write('vtt');
    expect(file).toContain('<v Grace>Nearly &lt;done&gt; &amp; tested.\n');
    expect(readVtt(file).map(({ voice, lines }) => [voice, lines.join(' ')])).toEqual([
      ['Ada', 'Good morning, everyone.'],
      ['Ada', 'Is the new reader done?'],
      ['Grace', 'Nearly <done> & tested.'],
    ]);
  });

  test('has cues that begin with their words where those have times', async () => {
    const text = `${'word '.repeat(15)}end. ${'more '.repeat(15)}end.`;
    const words = text.split(' ').map((said, i) => {
      const startMs = 60_000 + i * 100 + (i > 15 ? 2000 : 0);

      return { text: said, startMs, endMs: startMs + 100, confidence: 1 };
    });
    const caption = finalAt(60_000, text, { endMs: 66_000, words });
    const origin = caption.spokenAtMs - 1000;
    const cues = readVtt(
      (await transcriptFile({ meeting: 'm', captions: [caption], more: false }, 'vtt', origin)) as string,
    );
    expect(cues).toMatchObject([{ startMs: 1000, endMs: 4600 }, { startMs: 4600 }]);
  });

  test('is JSON with who spoke, when, and how sure the model was', async () => {
    const { captions, ...rest } = JSON.parse(await write('json')) as { captions: object[] };
    expect(rest).toEqual({
      meeting: 'standup',
      beganAt: '2026-11-22T09:30:02.000Z',
      speakers: ['Ada', 'Grace'],
      more: false,
    });
    expect(captions).toHaveLength(3);
    expect(captions[2]).toEqual({
      captionId: 'grace:12000',
      streamId: 'grace',
      speaker: 'Grace',
      spokenAtMs: Date.UTC(2026, 10, 22, 9, 30, 12),
      startMs: 10_000,
      endMs: 14_000,
      text: 'Nearly <done> & tested.',
      endpoint: 'silence',
      confidence: 0.9,
      language: 'en',
      model: 'model@0123456789ab',
    });
  });

  test('is JSON with how it was said where that is known', async () => {
    const told = { language: 'yue', emotion: 'sad', event: 'music' } as const;
    const transcript = { meeting: 'm', captions: [finalAt(0, '好', told)], more: false };
    const { captions } = JSON.parse((await transcriptFile(transcript, 'json')) as string);
    expect(captions).toMatchObject([told]);
  });

  test('is a Word document of the three parts that one has to have, a paragraph for each turn', async () => {
    const archive = await transcriptFile({ meeting: 'standup & co', captions: talk, more: false }, 'docx');
    const files = unzip(archive as Buffer);
    expect([...files.keys()]).toEqual(['[Content_Types].xml', '_rels/.rels', 'word/document.xml']);
    const document = files.get('word/document.xml')!;
    const texts = [...document.matchAll(/<w:t [^>]*>([^<]*)<\/w:t>/g)].map(([, text]) => text);
    expect(texts).toEqual([
      'standup &amp; co',
      '2026-11-22, 09:30 UTC. Ada, Grace',
      'Ada',
      '  00:00:00',
      'Good morning, everyone. Is the new reader done?',
      'Grace',
      '  00:00:10',
      'Nearly &lt;done&gt; &amp; tested.',
    ]);
    const end = (archive as Buffer).subarray(-22);
    expect(end.readUInt32LE(0)).toBe(0x06054b50);
    expect(end.readUInt16LE(10)).toBe(3);
    const directory = (archive as Buffer).subarray(
      end.readUInt32LE(16),
      end.readUInt32LE(16) + end.readUInt32LE(12),
    );
    expect(directory.readUInt32LE(0)).toBe(0x02014b50);
    expect(directory.length + end.readUInt32LE(16)).toBe(archive.length - 22);
  });

  test('of a stretch in which nothing was said is a whole file all the same', async () => {
    expect(await write('txt', [])).toBe('');
    expect(readSrt(await write('srt', []))).toEqual([]);
    expect(readVtt(await write('vtt', []))).toEqual([]);
    expect(JSON.parse(await write('json', []))).toMatchObject({ beganAt: null, captions: [] });
    expect(await write('docx', [])).not.toBe('');
  });

  test('merges speakers by when they spoke, and lets their cues overlap as they did', async () => {
    const both = [finalAt(0, 'One.'), finalAt(1000, 'Two.', { streamId: 'grace', speaker: 'Grace' })];
    expect(
      readVtt(await write('vtt', both)).map(({ startMs, endMs, voice }) => [startMs, endMs, voice]),
    ).toEqual([
      [0, 4000, 'Ada'],
      [1000, 5000, 'Grace'],
    ]);
  });

  test.each(['srt', 'vtt'] as const)('is valid %s whatever is said, by whomever', async (format) => {
    const signs = fc.constantFrom('\n', '\r', '-->', '--', '>', '<', '&', ' ', 'word', '\t', '会議', '.');
    const text = fc.array(signs, { minLength: 1, maxLength: 30 }).map((list) => `a${list.join('')}z`);
    const caption = fc
      .tuple(fc.integer({ min: 0, max: 60_000 }), text, fc.constantFrom('Ada', '<v>', 'a & b', '-->'))
      .map(([atMs, said, speaker]) => finalAt(atMs, said, { speaker }));
    await fc.assert(
      fc.asyncProperty(fc.array(caption, { minLength: 1, maxLength: 5 }), async (drawn) => {
        const captions = drawn.toSorted((a, b) => a.spokenAtMs - b.spokenAtMs);
        const cues = (format === 'srt' ? readSrt : readVtt)(await write(format, captions));
        expect(cues.length).toBeGreaterThanOrEqual(captions.length);
        const letters = (texts: readonly string[]) => texts.join('').replaceAll(/[^a-z会議]/g, '');
        if (format === 'vtt')
          expect(letters(cues.flatMap(({ lines }) => lines))).toBe(
            letters(captions.map((each) => each.text)),
          );
      }),
    );
  });
});
