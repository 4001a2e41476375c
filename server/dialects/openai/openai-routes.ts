import type { HttpRoutes, PostRoutes } from '../../net/http.ts';
import { type HttpGuard, type Manners, OWN_MANNERS } from '../../net/http-guard.ts';
import type { Lobby } from '../../net/lobby.ts';
import { type ModelSource, modelAnswer, modelsAnswer } from './models.ts';
import { openaiErrorAnswer } from './openai-errors.ts';
import { type TranscriptionParts, transcribe } from './transcribe.ts';

/** OpenAI's clients present keys as ours do, and are told faults in their own way. */
const MANNERS: Manners = { ...OWN_MANNERS, tell: openaiErrorAnswer };

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
