import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { Lobby } from '../net/lobby.ts';
import { LADDER_STEPS, STEP_MEANINGS } from '../overload/ladder.ts';

/** How the server fares, for operators: numbers, models and their languages, no names of meetings, speakers or keys. */
export function statusOf(lobby: Lobby, { version, uptimeMs }: { version: string; uptimeMs: number }): object {
  const { load, unreadyFor } = lobby;
  const index = lobby.ladderStep();
  const step = LADDER_STEPS[index]!;
  const { service, admits } = STEP_MEANINGS[step];

  return {
    version,
    uptimeMs: Math.round(uptimeMs),
    ready: unreadyFor === null,
    unreadyFor,
    streams: {
      open: lobby.streams() - lobby.waitingStreams(),
      waiting: lobby.waitingStreams(),
      detached: lobby.detachedStreams(),
    },
    viewers: lobby.viewers(),
    meetings: lobby.meetings(),
    ladder: { step, index, service, admits },
    load: {
      threads: load?.threads ?? 0,
      batchesInFlight: lobby.batchesInFlight(),
      busyShare: { finals: round(load?.busyShare.final ?? 0), partials: round(load?.busyShare.partial ?? 0) },
      backlogMs: Math.round(lobby.backlogMs()),
      queuedSegments: Object.values(lobby.queued()).reduce((sum, segments) => sum + segments, 0),
      bufferedAudioMs: Math.round((lobby.bufferedSamples() * 1000) / SAMPLE_RATE),
    },
    models: describeModels(lobby.models),
    languages: lobby.models?.recognizers.languages ?? [],
  };
}

/** Recognisers in the operator's order, the default first, and what each can do; null before they are loaded. */
function describeModels(models: Lobby['models']): object | null {
  return (
    models && {
      recognizers: models.recognizers.list.map(({ name, hash, capabilities }) => {
        const { languages, words, hotWords, punctuates, writesDigits } = capabilities;

        return { name, hash, languages, words, hotWords, punctuates, writesDigits };
      }),
      vad: models.vad,
    }
  );
}

function round(share: number): number {
  return Number(share.toFixed(3));
}
