/** Before a key, in the header and among the subprotocols alike. */
const SCHEMES: readonly string[] = ['token', 'bearer'];

/**
 * The API key as Deepgram's clients present it: in the header, or in browsers as the subprotocol behind `token` or
 * `bearer`, which is agreed upon then.
 */
export function presentedToken(
  authorization: string,
  offered: readonly string[],
): { readonly key: string | null; readonly subprotocol: string } {
  const inHeader = /^(?:token|bearer) +(\S+) *$/i.exec(authorization)?.[1];
  const at = offered.findIndex((name) => SCHEMES.includes(name.toLowerCase()));

  return {
    key: inHeader ?? (at < 0 ? null : (offered[at + 1] ?? null)),
    // A browser that has offered some needs one of them back.
    subprotocol: offered[Math.max(at, 0)] ?? '',
  };
}
