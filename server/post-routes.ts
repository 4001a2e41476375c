import type { Config } from './config/options.ts';
import { deepgramPosts } from './dialects/deepgram/listen-recording.ts';
import { isSpoken } from './dialects/dialect-names.ts';
import { openaiPosts } from './dialects/openai/openai-routes.ts';
import type { PostRoutes } from './net/http.ts';
import type { HttpGuard } from './net/http-guard.ts';
import type { Lobby } from './net/lobby.ts';
import type { Uploads } from './upload/uploads.ts';

/** What routes that take recordings work with. */
export interface PostParts {
  readonly lobby: Lobby;
  readonly guard: HttpGuard;
  readonly uploads: Uploads;
  readonly config: Pick<Config, 'maxRecordingMs' | 'dialects'>;
  readonly jobs: PostRoutes;
}

/** The answers to POST. */
export function postRoutes(parts: PostParts): PostRoutes {
  return {
    ...(isSpoken(parts.config, 'deepgram') && deepgramPosts(parts)),
    ...(isSpoken(parts.config, 'openai') && openaiPosts(parts)),
    ...parts.jobs,
  };
}
