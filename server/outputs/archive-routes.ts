import type { Caller } from '../admission/api-keys.ts';
import { StreamError } from '../errors.ts';
import type { ExportPlace, MeetingPlace } from '../history/archive.ts';
import { MAX_MEETINGS_PER_PAGE } from '../history/archive.ts';
import type { HistoryArchive } from '../history/history-archive.ts';
import { MAX_HITS_PER_PAGE } from '../history/search.ts';
import type { TranscriptPage } from '../history/transcript-source.ts';
import { readName } from '../net/client-messages.ts';
import { errorAnswer, type HttpAnswer, jsonAnswer, type StreamedAnswer, textAnswer } from '../net/http.ts';
import type { KeyedRoute } from '../net/http-guard.ts';
import type { ResponseBody } from '../net/response-body.ts';
import { type TurnLimits, Turns } from './turns.ts';

/** Where what is stored is looked through. */
export type Archive = Pick<HistoryArchive, 'search' | 'meetings' | 'exportFinals' | 'deleteMeeting'>;

const DEFAULT_PAGE = 20;
const MAX_QUERY_CHARACTERS = 200;
/** Captions of an export that are held for a client, and read from the store at a time: some hundred kilobytes. */
const EXPORT_PAGE = 500;
/** Each may hold a page. */
const QUESTIONS: TurnLimits = { inAll: 8, ofAKey: 4 };
/** Each may last for as long as its client takes to read it, and holds nobody's question up. */
const EXPORTS: TurnLimits = { inAll: 8, ofAKey: 2 };

/** What is stored, over HTTP. */
export class ArchiveRoutes {
  readonly #archive: Archive;
  readonly #onFailure: (cause: unknown) => void;
  readonly #forgetRecordings: (meeting: string) => Promise<number>;
  readonly #questions = new Turns(QUESTIONS);
  readonly #exports = new Turns(EXPORTS);

  /**
   * @param onFailure hears why the store could not answer.
   * @param forgetRecordings lets go of the results of a meeting's recordings. @returns how many there were.
   */
  constructor(
    archive: Archive,
    onFailure: (cause: unknown) => void,
    forgetRecordings: (meeting: string) => Promise<number>,
  ) {
    this.#archive = archive;
    this.#onFailure = onFailure;
    this.#forgetRecordings = forgetRecordings;
  }

  /** `?limit=` and `?before=` leaf through them. */
  readonly meetings: KeyedRoute = ({ query }, caller) => {
    const limit = readLimit(query, MAX_MEETINGS_PER_PAGE);
    const before = readPlace(query);

    return this.#answer(caller, async () => {
      const { meetings, more } = await this.#archive.meetings({ limit, ...(before && { before }) });

      return jsonAnswer('200 OK', { meetings, next: more ? placeText(meetings.at(-1)!) : null });
    });
  };

  /** `?q=` is looked for, in `?meeting=` or everywhere; `?limit=` and `?after=` leaf through what is found. */
  readonly search: KeyedRoute = ({ query }, caller) => {
    const text = query.get('q') ?? '';
    if (text === '' || text.length > MAX_QUERY_CHARACTERS)
      throw new StreamError('out-of-range', `q has to be 1 to ${MAX_QUERY_CHARACTERS} characters.`);
    const limit = readLimit(query, MAX_HITS_PER_PAGE);
    const after = readAfter(query);
    const meeting = readMeeting(query);

    return this.#answer(caller, async () => {
      const page = await this.#archive.search({
        ...{ text, limit },
        ...(meeting !== null && { meeting }),
        ...(after !== null && { after }),
      });

      return jsonAnswer('200 OK', { ...page, next: page.next === null ? null : String(page.next) });
    });
  };

  /** All finals as JSON Lines, or those of `?meeting=`. */
  readonly exportFinals: KeyedRoute = async ({ query }, caller) => {
    const meeting = readMeeting(query);
    const read = (after: ExportPlace | null) =>
      this.#archive.exportFinals({
        limit: EXPORT_PAGE,
        ...(meeting !== null && { meeting }),
        ...(after && { after }),
      });

    this.#exports.require(caller.name);

    // The first page is read before the status is told, which then stands.
    return this.#answer(caller, async () => this.#exportAnswer(caller, await read(null), read));
  };

  readonly deleteMeeting: KeyedRoute = ({ params }, caller) => {
    const meeting = readName(params[0], 'meeting');

    return this.#answer(caller, async () => {
      const wasThere = await this.#archive.deleteMeeting(meeting);
      const recordings = await this.#forgetRecordings(meeting);

      return wasThere || recordings > 0
        ? { status: '204 No Content', contentType: '', body: '' }
        : errorAnswer(new StreamError('unknown-meeting'));
    });
  };

  #exportAnswer(
    { name }: Caller,
    first: TranscriptPage,
    read: (after: ExportPlace) => Promise<TranscriptPage>,
  ): StreamedAnswer {
    return {
      contentType: 'application/jsonl',
      headers: { 'content-disposition': 'attachment; filename="captions.jsonl"' },
      // A blank before the next line's value is none of it (RFC 8259, section 2).
      filler: ' ',
      stream: (body) => {
        void this.#export(body, first, read).finally(this.#exports.begin(name));
      },
    };
  }

  async #export(
    body: ResponseBody,
    first: TranscriptPage,
    read: (after: ExportPlace) => Promise<TranscriptPage>,
  ): Promise<void> {
    try {
      for (let page = first; !body.isClosed; ) {
        if (page.captions.length > 0)
          body.write(page.captions.map((each) => `${JSON.stringify(each)}\n`).join(''));
        if (!page.more) break;
        await body.writable();
        page = await read(page.captions.at(-1)!);
      }
      body.end();
    } catch (error) {
      this.#onFailure(error);
      body.abort();
    }
  }

  /** @throws {StreamError} `busy`. */
  async #answer<Answer>({ name }: Caller, make: () => Promise<Answer>): Promise<Answer | HttpAnswer> {
    this.#questions.require(name);
    const end = this.#questions.begin(name);
    try {
      return await make();
    } catch (error) {
      this.#onFailure(error);

      return UNREADABLE;
    } finally {
      end();
    }
  }
}

const UNREADABLE = {
  ...textAnswer('503 Service Unavailable', 'What is stored cannot be had now. Try again in some seconds.'),
  retryAfterSeconds: 5,
};

function readLimit(query: URLSearchParams, most: number): number {
  const text = query.get('limit') ?? String(DEFAULT_PAGE);
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > most)
    throw new StreamError('out-of-range', `limit has to be a whole number from 1 to ${most}.`);

  return limit;
}

function readMeeting(query: URLSearchParams): string | null {
  const meeting = query.get('meeting');

  return meeting === null ? null : readName(meeting, 'meeting');
}

function readAfter(query: URLSearchParams): number | null {
  const text = query.get('after');
  if (text === null) return null;
  if (!/^\d{1,15}$/.test(text)) throw new StreamError('out-of-range', 'after has to be what next was.');

  return Number(text);
}

function readPlace(query: URLSearchParams): MeetingPlace | null {
  const text = query.get('before');
  if (text === null) return null;
  const [, lastSpokenAtMs, meeting] = /^(-?\d{1,15}):(.{1,200})$/su.exec(text) ?? [];
  if (meeting === undefined) throw new StreamError('out-of-range', 'before has to be what next was.');

  return { lastSpokenAtMs: Number(lastSpokenAtMs), meeting };
}

function placeText({ lastSpokenAtMs, meeting }: MeetingPlace): string {
  return `${lastSpokenAtMs}:${meeting}`;
}
