import type { SaidBefore } from '../conversation/conversation.ts';
import { askServer } from '../shell/server.ts';

/** All that is kept of a meeting. @throws {RoundtableError} as `askServer`. */
export async function wholeTranscript(meeting: string): Promise<readonly SaidBefore[]> {
  const answer = await askServer(`/v1/meetings/${encodeURIComponent(meeting)}/transcript.json`);
  const { captions } = (await answer.json()) as { readonly captions: readonly SaidBefore[] };

  return captions;
}
