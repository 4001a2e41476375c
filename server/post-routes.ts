import type { Config } from './config/options.ts';
import type { PostRoutes } from './net/http.ts';
import type { HttpGuard } from './net/http-guard.ts';
import type { Lobby } from './net/lobby.ts';
import type { Uploads } from './upload/uploads.ts';

/** What routes that take recordings work with. */
export interface PostParts {
  readonly lobby: Lobby;
  readonly guard: HttpGuard;
  readonly uploads: Uploads;
  readonly config: Pick<Config, 'maxRecordingMs'>;
}

/** The answers to POST. */
export function postRoutes(_parts: PostParts): PostRoutes {
  return {};
}
