import { words } from '../i18n/language.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { Icon } from '../shell/icon.tsx';

/** The address of this page, to give to others. A key is never in it. */
export function Share({ meeting }: { readonly meeting: string }) {
  const { share } = words.value;
  const link = location.origin + location.pathname;
  const canShare = typeof navigator.share === 'function';

  return (
    <div class="share">
      <p>{share.explanation}</p>
      <p class="share-link">{link.replace(/^https?:\/\//, '')}</p>
      <CopyButton text={link} label={share.copy} class="button wide" />
      {canShare && (
        <button
          type="button"
          class="button wide"
          onClick={() => {
            // Whoever changes their mind rejects it.
            navigator.share({ title: meeting, url: link }).catch(() => undefined);
          }}
        >
          <Icon name="share" />
          {share.send}
        </button>
      )}
      <a class="button wide" href={`/?meeting=${encodeURIComponent(meeting)}`}>
        <Icon name="microphone" />
        {share.speak}
      </a>
      <a class="button wide" href={`/overlay?meeting=${encodeURIComponent(meeting)}`}>
        <Icon name="tab" />
        {share.overlay}
      </a>
    </div>
  );
}
