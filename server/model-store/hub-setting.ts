import { isLoopback } from './secure-address.ts';

/**
 * What is wrong with the setting that says where models of hubs come from, as the end of a sentence, or null.
 *
 * It is `auto` (each model's own order), the name of the hub to ask first, or the base address of a mirror, which is
 * then asked alone: whoever names one has a reason to.
 */
export function hubFault(text: string): string | null {
  if (['auto', 'modelscope', 'huggingface'].includes(text)) return null;
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    return 'is neither auto, modelscope, huggingface nor the address of a mirror such as https://models.example.org';
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '')
    return 'has a password in it, which others could see: put a token into MODEL_HUB_TOKEN, and leave it out of the address';
  if (search !== '' || hash !== '')
    return 'has more than a path behind its host: give the base address alone';
  if (protocol !== 'https:' && !isLoopback(hostname))
    return 'has to begin with https://, but for this machine';

  return null;
}
