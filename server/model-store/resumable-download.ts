import type { IncomingMessage } from 'node:http';
import { Failure } from '../failure.ts';
import { asIs, type Transfer } from './download.ts';
import { DownloadFailure, explainError, explainStatus, notThatFile, WrongFile } from './download-failure.ts';
import { get } from './http-get.ts';
import type { Address } from './hub-addresses.ts';
import type { IncomingFile } from './incoming-file.ts';
import type { PartFolder } from './part-folder.ts';
import type { Progress } from './progress.ts';
import { announcedBytes, rangeOf } from './range-headers.ts';
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
   * @throws {Failure} when an address may not be asked.
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

  /** Receives what is missing. A file that is complete is not asked for. */
  async #receive(address: Address): Promise<void> {
    const { file, incoming } = this.#work;
    const headers = await this.#rangeHeaders(address);
    if (incoming.receivedBytes === file.bytes) return;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#transfer.signal, stop.signal]);
    try {
      const response = await this.#ask(address, headers, signal);
      if (await this.#fits(response, address)) return await this.#take(response, address);
    } finally {
      stop.abort();
    }
    await this.#receive(address);
  }

  async #ask(
    { url, credentials, advice }: Address,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const request = { url, credentials, headers: { ...asIs, ...headers }, admit: assertSecure };
    try {
      return await get(request, this.#transfer.settings, signal);
    } catch (error) {
      throw error instanceof Failure ? error : explainError(this.#work.file.name, url, error, advice);
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

  /**
   * Whether the answer goes on where the file ends, or begins at its beginning, which is then made empty.
   * @returns false when it has to be asked again, from the beginning.
   */
  async #fits(response: IncomingMessage, { url, advice }: Address): Promise<boolean> {
    const { file, incoming } = this.#work;
    const status = response.statusCode!;
    const offset = incoming.receivedBytes;
    if (offset > 0 && (status === 206 || status === 416)) {
      const range = rangeOf(response.headers['content-range']);
      if (status === 206 && range?.start === offset && agrees(range.total, file.bytes)) return true;
      if (status === 416 && file.bytes === null && range?.total === offset) return true;
      await this.#restart();
      return false;
    }
    if (status !== 200) throw explainStatus(file.name, url, status, advice);
    refuseOthers(file, response, url, advice.absence);
    if (offset > 0) await this.#restart();

    return true;
  }

  async #take(response: IncomingMessage, { url, advice }: Address): Promise<void> {
    const { file, incoming, part, progress } = this.#work;
    if (response.statusCode === 416) return;
    const totalBytes = announcedBytes(response, incoming.receivedBytes);
    if (file.bytes === null && totalBytes !== null) progress.expect(totalBytes - incoming.receivedBytes);
    const { sha256, bytes } = file;
    await part.remember({ url: plain(url), etag: response.headers.etag ?? null, sha256, bytes });
    const explain = (error: unknown) => explainError(file.name, url, error, advice);
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

function agrees(total: number | null, expected: number | null): boolean {
  return total === null || expected === null || total === expected;
}

/** @throws {DownloadFailure} when the answer is another file than the one asked for, or none. */
function refuseOthers(file: SingleFile, response: IncomingMessage, url: string, advice: string): void {
  const { host } = new URL(url);
  const from = `${file.name} from ${host}`;
  if (/^text\/html\b/.test(response.headers['content-type'] ?? ''))
    throw new DownloadFailure(`Could not fetch ${from}: it answered with a web page.`, advice, false);
  const bytes = announcedBytes(response, 0);
  if (!agrees(bytes, file.bytes))
    throw new DownloadFailure(
      `${from} holds ${bytes} bytes where the catalogue names ${file.bytes}.`,
      notThatFile,
      false,
    );
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
