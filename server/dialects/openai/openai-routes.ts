import { presentedKey } from '../../admission/credentials.ts';
import type { HttpRoutes, PostRoutes } from '../../net/http.ts';
import type { HttpGuard, Manners } from '../../net/http-guard.ts';
import type { Lobby } from '../../net/lobby.ts';
import { type ModelSource, modelAnswer, modelsAnswer } from './models.ts';
import { openaiErrorAnswer } from './openai-errors.ts';
import { type TranscriptionParts, transcribe } from './transcribe.ts';

/** How OpenAI's clients present keys, and are told faults. */
const MANNERS: Manners = {
  keyOf: ({ headers, query }) => presentedKey(headers.authorization, '') ?? query.get('key'),
  tell: openaiErrorAnswer,
};

/** What OpenAI's clients ask for beside captions. */
export function openaiRoutes(lobby: ModelSource, guard: HttpGuard): HttpRoutes {
  return {
    '/v1/models': guard.protect(() => modelsAnswer(lobby), MANNERS),
    '/v1/models/:model': guard.protect(({ params }) => modelAnswer(lobby, params[0]!), MANNERS),
  };
}

/** Where they send recordings. */
export function openaiPosts(
  parts: TranscriptionParts & { readonly lobby: Lobby; readonly guard: HttpGuard },
): PostRoutes {
  return {
    '/v1/audio/transcriptions': parts.guard.protect(
      (request, caller) => transcribe(parts, request, caller),
      MANNERS,
    ),
  };
}
