import { announcedBytes, assertThatFile, fitOf } from './answer-fit.ts';
import { asIs, type Transfer } from './download.ts';
import { DownloadFailure, explainError, explainStatus, place, WrongFile } from './download-failure.ts';
import { type Answer, get, Unanswered } from './http-get.ts';
import type { Address } from './hub-addresses.ts';
import type { IncomingFile } from './incoming-file.ts';
import type { PartFolder } from './part-folder.ts';
import type { Progress } from './progress.ts';
import { assertSecure } from './secure-address.ts';
import { type Refusal, together } from './several-failures.ts';
import type { SingleFile } from './single-file.ts';

/** Nothing is read beyond this of a file whose size nobody has published. */
const UNKNOWN_SIZE_LIMIT_BYTES = 16e9;

/** An attempt that has brought less has brought nothing. */
const GAIN_BYTES = 1 << 20;

/** What a resumable download works with. */
export interface Resumable {
  readonly file: SingleFile;
  /** In the order to try; at least one. */
  readonly addresses: () => readonly Address[];
  /** Told which address has given the file. */
  readonly prove: (address: Address) => void;
  /** Where the bytes are kept. */
  readonly part: PartFolder;
  readonly incoming: IncomingFile;
  /** Checks the file and gives it its name; throws as `IncomingFile.install` does. */
  readonly install: () => Promise<void>;
  readonly progress: Progress;
}

/**
 * One file on its way from one of several addresses. What has come stays, whatever breaks: the next attempt, from the same
 * address or another one, asks for the rest. Only the hash says whether the pieces fit, so that a file whose pieces do
 * not is fetched anew, once.
 */
export class ResumableDownload {
  readonly #work: Resumable;
  readonly #transfer: Transfer;
  #mostBytes: number;
  #begunAnew = false;

  constructor(work: Resumable, transfer: Transfer) {
    this.#work = work;
    this.#transfer = transfer;
    this.#mostBytes = work.incoming.receivedBytes;
  }

  /** Whether more of the file is there than ever before; each byte counts once. */
  gained(): boolean {
    const { receivedBytes } = this.#work.incoming;
    if (receivedBytes < this.#mostBytes + GAIN_BYTES) return false;
    this.#mostBytes = receivedBytes;

    return true;
  }

  /**
   * Asks one address after the other, each once, until one gives the file.
   * @throws {DownloadFailure} when none does.
   */
  async attempt(): Promise<void> {
    const addresses = this.#work.addresses();
    const problems: Refusal[] = [];
    for (const [index, address] of addresses.entries()) {
      try {
        await this.#fetchFrom(address);
        return this.#work.prove(address);
      } catch (error) {
        this.#transfer.signal.throwIfAborted();
        if (!(error instanceof DownloadFailure)) throw error;
        problems.push({ url: address.url, failure: error });
        const next = addresses[index + 1];
        if (next && new URL(next.url).host !== new URL(address.url).host)
          this.#work.progress.note(`${error.problem} Asking ${new URL(next.url).host} instead.`);
      }
    }
    throw together(this.#work.file.name, problems);
  }

  async #fetchFrom(address: Address): Promise<void> {
    const { incoming, progress, file, install } = this.#work;
    incoming.from = new URL(address.url).host;
    const before = incoming.receivedBytes;
    try {
      await this.#receive(address);
      await install();
    } catch (error) {
      if (!(error instanceof WrongFile)) throw error;
      await this.#restart();
      if (before === 0 || this.#begunAnew) throw error;
      this.#begunAnew = true;
      progress.note(`What was there of ${file.name} does not fit what came now. Fetching all of it anew.`);
      await this.#fetchFrom(address);
    }
  }

  /**
   * Receives what is missing. A file that is complete is not asked for. What is there is thrown away only when all of the file
   * is on its way.
   * @param fromHere whether the rest may be asked for; else all of it is.
   */
  async #receive(address: Address, fromHere = true): Promise<void> {
    const { file, incoming } = this.#work;
    const headers = fromHere ? await this.#rangeHeaders(address) : {};
    const offset = incoming.receivedBytes;
    if (offset === file.bytes) return;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#transfer.signal, stop.signal]);
    try {
      const answer = await this.#ask(address, headers, signal);
      const fit = fromHere && offset > 0 ? fitOf(answer.response, offset, file) : 'whole';
      if (fit === 'nothing left') return;
      if (fit === 'whole') await this.#begin(answer, address);
      if (fit !== 'misfit') return await this.#take(answer, address);
    } finally {
      stop.abort();
    }
    await this.#receive(address, false);
  }

  async #ask(
    { url, credentials, advice }: Address,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const admit = (next: string) => assertSecure(next, advice.absence);
    const request = { url, credentials, headers: { ...asIs, ...headers }, admit };
    try {
      return await get(request, this.#transfer.settings, signal);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      throw explainError(this.#work.file.name, { url, answeredBy: error.url }, error, advice);
    }
  }

  /** Asks for the rest only where it can be told in the end, or by the server now, whether it belongs to what is there. */
  async #rangeHeaders({ url }: Address): Promise<Record<string, string>> {
    const { file, incoming, part } = this.#work;
    if (incoming.receivedBytes === 0) return {};
    const range = { range: `bytes=${incoming.receivedBytes}-` };
    const origin = await part.origin();
    if (origin?.etag && !origin.etag.startsWith('W/') && origin.url === plain(url))
      return { ...range, 'if-range': origin.etag };
    if (file.sha256 !== null) return range;
    await this.#restart();

    return {};
  }

  /** Makes room for all of the file, once the answer is known to bring it. */
  async #begin({ response, url: answeredBy }: Answer, { url, advice }: Address): Promise<void> {
    const { file, incoming } = this.#work;
    const asked = { url, answeredBy };
    if (response.statusCode !== 200) throw explainStatus(file.name, asked, response.statusCode!, advice);
    assertThatFile(file, response, place(asked), advice.absence);
    if (incoming.receivedBytes > 0) await this.#restart();
  }

  async #take({ response, url: answeredBy }: Answer, { url, advice }: Address): Promise<void> {
    const { file, incoming, part, progress } = this.#work;
    const totalBytes = announcedBytes(response, incoming.receivedBytes);
    if (file.bytes === null && totalBytes !== null) progress.expect(totalBytes - incoming.receivedBytes);
    const { sha256, bytes } = file;
    await part.remember({ url: plain(url), etag: response.headers.etag ?? null, sha256, bytes });
    const explain = (error: unknown) => explainError(file.name, { url, answeredBy }, error, advice);
    for await (const chunk of chunksOf(response, explain)) {
      await part.assertOurs();
      await incoming.write(chunk);
      progress.advance(chunk.length);
      if (incoming.receivedBytes > UNKNOWN_SIZE_LIMIT_BYTES)
        throw new WrongFile(`${file.name} from ${incoming.from} does not end.`);
    }
  }

  async #restart(): Promise<void> {
    const { incoming, progress } = this.#work;
    progress.advance(-incoming.receivedBytes);
    await incoming.restart();
  }
}

/** The address without what is behind a `?`, which is a signature that changes with each time. */
function plain(url: string): string {
  const { origin, pathname } = new URL(url);

  return origin + pathname;
}

/** What arrives; an error of the connection is put into a sentence, and one of the reader left as it is. */
async function* chunksOf(
  response: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => DownloadFailure,
): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw explain(error);
  }
}
