import type { FinalMessage } from '../../client-sdk/protocol.ts';

/** More than any caption has revisions: those of a stream taken up again are above all that were shown before. */
export const REVISIONS_PER_RESUMPTION = 10_000;

/** How often its stream had been taken up again when a final was made; 0 for one of a recording. */
export function resumptionsOf({ revision }: Pick<FinalMessage, 'revision'>): number {
  return Math.floor(revision / REVISIONS_PER_RESUMPTION);
}
