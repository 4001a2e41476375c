import { createHash } from 'node:crypto';
import type { HttpAnswer } from '../net/http.ts';
import type { TranscriptFormat } from '../transcript/transcript-file.ts';

const CONTENT_TYPES: Readonly<Record<TranscriptFormat, string>> = {
  txt: 'text/plain; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  json: 'application/json',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
};

/**
 * A transcript as a file.
 * @param name of the file, without an ending. @param knownTag an `if-none-match` header.
 */
export function fileAnswer(
  name: string,
  format: TranscriptFormat,
  body: string | Uint8Array,
  knownTag: string,
): HttpAnswer {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const shared = {
    contentType: CONTENT_TYPES[format],
    cacheControl: 'private, no-cache',
    headers: { etag, 'content-disposition': disposition(name, format) },
  };
  if (knownTag === etag) return { ...shared, status: '304 Not Modified', body: '' };

  return { ...shared, status: '200 OK', body };
}

/** Its name as that of a file, for old and for new clients (RFC 6266). Word documents are no pages. */
function disposition(title: string, format: TranscriptFormat): string {
  const name = `${title.replaceAll(/[/\\:*?"<>|]/g, '-')}.${format}`;
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

  return `${format === 'docx' ? 'attachment' : 'inline'}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
