import { words } from '../i18n/language.ts';
import { Notice } from '../shell/notice.tsx';
import { describeTrouble, type Trouble } from './trouble.ts';

/** What went wrong, and what to do. */
export function TroubleNotice({ trouble }: { readonly trouble: Trouble }) {
  const { title, help } = describeTrouble(trouble, words.value);
  const { retryAfterMs } = trouble;

  return (
    <Notice tone="danger" icon="alert" title={title}>
      <span>{help}</span>
      {retryAfterMs !== null && <span>{words.value.shell.tryAgainIn(Math.ceil(retryAfterMs / 1000))}</span>}
    </Notice>
  );
}
