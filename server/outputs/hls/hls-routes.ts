import { readName } from '../../net/client-messages.ts';
import { type HttpAnswer, notFound, textAnswer } from '../../net/http.ts';
import type { KeyedRoute } from '../../net/http-guard.ts';
import { LivePlaylists, type PlaylistParts } from './live-playlists.ts';

/** Segments never change; they may be somebody's only with a key. */
const KEEP_SEGMENTS = 'private, max-age=3600, immutable';
const OVER = textAnswer(
  '404 Not Found',
  'Nobody is in this meeting now, so that there is nothing live. Its transcript has what was said.',
);

/** Live WebVTT of a meeting, for players: a playlist, and its segments. */
export function hlsRoutes(parts: PlaylistParts): {
  readonly playlist: KeyedRoute;
  readonly segment: KeyedRoute;
} {
  const playlists = new LivePlaylists(parts);

  return {
    playlist: async ({ params, query }) => {
      const segments = await playlists.of(readName(params[0], 'meeting'));
      if (!segments) return OVER;
      const key = query.get('key');

      return {
        status: '200 OK',
        contentType: 'application/vnd.apple.mpegurl',
        cacheControl: 'no-cache',
        body: segments.playlist(key === null ? '' : `?key=${encodeURIComponent(key)}`),
      };
    },
    segment: ({ params }): HttpAnswer => {
      const [, number] = /^(\d{1,12})\.vtt$/.exec(params[1] ?? '') ?? [];
      const file =
        number === undefined ? null : playlists.segment(readName(params[0], 'meeting'), Number(number));
      if (file === null) return notFound();

      return {
        status: '200 OK',
        contentType: 'text/vtt; charset=utf-8',
        cacheControl: KEEP_SEGMENTS,
        body: file,
      };
    },
  };
}
