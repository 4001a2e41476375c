/** A cue as a player reads it. */
export interface ReadCue {
  readonly startMs: number;
  readonly endMs: number;
  /** Of WebVTT: who speaks. */
  readonly voice: string | null;
  readonly lines: readonly string[];
}

const CLOCK = '(\\d{2,}):([0-5]\\d):([0-5]\\d)';

/** Reads SubRip as strictly as players that reject what is wrong. @throws {Error} naming the block at fault. */
export function readSrt(file: string): ReadCue[] {
  if (file === '') return [];
  if (!file.endsWith('\n') || file.endsWith('\n\n'))
    throw new Error('The file does not end with one line break.');

  return file
    .slice(0, -1)
    .split('\n\n')
    .map((block, i) => {
      const [number, times, ...lines] = block.split('\n');
      if (number !== String(i + 1)) throw new Error(`Cue ${i + 1} has the number ${number}.`);

      return { ...readTimes(times, ','), voice: null, lines: requireLines(lines) };
    });
}

/** Reads WebVTT by its grammar, as far as this server writes it. @throws {Error} naming what is wrong. */
export function readVtt(file: string): ReadCue[] {
  const [header, ...blocks] = file.replace(/\n$/, '').split('\n\n');
  if (header!.split('\n')[0] !== 'WEBVTT') throw new Error('There is no signature.');

  return blocks.map((block) => {
    const [times, ...lines] = block.split('\n');
    const [, voice, first] = /^<v ([^>]+)>(.*)$/.exec(lines[0] ?? '') ?? [];
    const text = voice === undefined ? lines : [first!, ...lines.slice(1)];

    return {
      ...readTimes(times, '.'),
      voice: voice === undefined ? null : unescapeVtt(voice),
      lines: requireLines(text.map(unescapeVtt)),
    };
  });
}

function readTimes(line: string | undefined, mark: string): Pick<ReadCue, 'startMs' | 'endMs'> {
  const time = `${CLOCK}\\${mark}(\\d{3})`;
  const parts = new RegExp(`^${time} --> ${time}$`).exec(line ?? '');
  if (!parts) throw new Error(`These are no times: ${line}`);
  const [, ...numbers] = parts.map(Number);
  const ms = (at: number) =>
    ((numbers[at]! * 60 + numbers[at + 1]!) * 60 + numbers[at + 2]!) * 1000 + numbers[at + 3]!;
  const [startMs, endMs] = [ms(0), ms(4)];
  if (endMs <= startMs) throw new Error(`A cue ends before it begins: ${line}`);

  return { startMs, endMs };
}

function requireLines(lines: readonly string[]): readonly string[] {
  if (lines.length === 0 || lines.some((line) => line === '' || line.includes('-->')))
    throw new Error(`This is no text of a cue: ${JSON.stringify(lines)}`);

  return lines;
}

/** @throws {Error} for a mark that ought to be escaped. */
function unescapeVtt(text: string): string {
  if (/[<>]|&(?!amp;|lt;|gt;)/.test(text)) throw new Error(`This is not escaped: ${text}`);

  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
