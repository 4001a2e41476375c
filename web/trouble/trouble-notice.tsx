import { words } from '../i18n/language.ts';
import { Notice } from '../shell/notice.tsx';
import { describeTrouble, type Trouble } from './trouble.ts';

/** Of these the server's own sentence says what is at fault. */
const DETAILED: readonly string[] = ['bad-recording', 'out-of-range', 'unsupported-language'];

/** What went wrong, and what to do. */
export function TroubleNotice({ trouble }: { readonly trouble: Trouble }) {
  const { title, help } = describeTrouble(trouble, words.value);
  const { code, message, retryAfterMs } = trouble;

  return (
    <Notice tone="danger" icon="alert" title={title}>
      <span>{help}</span>
      {DETAILED.includes(code) && <span lang="en">{message}</span>}
      {retryAfterMs !== null && <span>{words.value.shell.tryAgainIn(Math.ceil(retryAfterMs / 1000))}</span>}
    </Notice>
  );
}
