/** What a meeting's transcript can be had as. */
export const TRANSCRIPT_FORMATS = ['txt', 'srt', 'vtt', 'json', 'docx'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

const STREAM_PATH = '/v1/stream';

/**
 * A speaker's WebSocket.
 * @param server as `serverUrl` takes it.
 */
export function streamUrl(server: string): string {
  return webSocketUrl(server, STREAM_PATH);
}

/**
 * A viewer's WebSocket.
 * @param history finals to be told first, newest ones, 0 to 1000.
 */
export function captionsUrl(server: string, meeting: string, history: number): string {
  const url = webSocketUrl(server, `/v1/meetings/${encodeURIComponent(meeting)}/captions`);

  return history > 0 ? `${url}?history=${history}` : url;
}

/**
 * Where a meeting's transcript can be downloaded, during or after.
 * @param url of the server, http(s) or ws(s).
 * @param key for servers that ask for one; it becomes part of the address.
 * @throws {TypeError} when `url` is none.
 */
export function transcriptUrl(url: string, meeting: string, format: TranscriptFormat, key?: string): string {
  const address = serverUrl(url);
  address.protocol = address.protocol.replace('ws', 'http');
  address.pathname = `${pathOf(address)}/v1/meetings/${encodeURIComponent(meeting)}/transcript.${format}`;
  if (key !== undefined) address.searchParams.set('key', key);

  return address.href;
}

function webSocketUrl(server: string, path: string): string {
  const address = serverUrl(server);
  address.protocol = address.protocol.replace('http', 'ws');
  address.pathname = `${pathOf(address)}${path}`;

  return address.href;
}

/** @param text http(s) or ws(s), maybe with a path that a proxy has the server under, maybe with that of streams. */
function serverUrl(text: string): URL {
  const url = new URL(text);
  if (!/^(https?|wss?):$/.test(url.protocol))
    throw new TypeError(`The server's URL has to begin with http, https, ws or wss, not ${url.protocol}`);
  url.search = '';
  url.hash = '';

  return url;
}

/** Without a slash at the end. */
function pathOf({ pathname }: URL): string {
  const path = pathname.replace(/\/$/, '');

  return path.endsWith(STREAM_PATH) ? path.slice(0, -STREAM_PATH.length) : path;
}
