import { tabText } from './stored.ts';

/** The API key somebody typed when the server asked for one, '' for none. It is forgotten with the tab. */
export const apiKey = tabText('key');

/** What the SDK takes: nothing where there is no key. */
export function keyOption(): { readonly key?: string } {
  return apiKey.value === '' ? {} : { key: apiKey.value };
}

/** Headers for what is fetched. In an address, a key would be left in logs and histories. */
export function keyHeaders(): Record<string, string> {
  return apiKey.value === '' ? {} : { authorization: `Bearer ${apiKey.value}` };
}
