import { useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from './icon.tsx';

const SAYS_SO_MS = 2500;

interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  readonly class?: string;
}

/** Copies a text, and says for a while that it did. */
export function CopyButton({ text, label, class: look = 'button' }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);

  return (
    <button
      type="button"
      class={look}
      onClick={() => {
        void copy(text).then((done) => {
          setCopied(done);
          setTimeout(() => setCopied(false), SAYS_SO_MS);
        });
      }}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
      {isCopied ? words.value.shell.copied : label}
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard outside of secure contexts: a selection can be copied everywhere.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();

    return done;
  }
}
