import { presentedKey } from '../admission/credentials.ts';
import type { DialectRequest } from './dialect.ts';

/** The API key of a client whose dialect has no way of its own: as native ones present it, or as `?key=`; or null. */
export function keyOf({ authorization, offered, query }: DialectRequest): string | null {
  return presentedKey(authorization, offered.join(',')) ?? query.get('key');
}
