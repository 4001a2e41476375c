import { useId } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { storedText } from '../shell/stored.ts';

/** As the server takes them, unless it is set otherwise; all of it has to fit into one message. */
const MAX_WORDS = 500;
const MAX_WORD_CHARS = 64;
const MAX_CHARS = 4000;

const text = storedText('hot-words');

/** The words that are listed, one for each line, without those that the server would refuse. */
export function listedWords(): readonly string[] {
  const lines = text.value.split('\n').map((line) => line.trim());

  return lines
    .filter((line) => line.length <= MAX_WORD_CHARS && /[\p{L}\p{N}]/u.test(line))
    .slice(0, MAX_WORDS);
}

/** Names and terms that are likely to be said: folded away where there are none. */
export function HotWordsField() {
  const { host } = words.value;
  const id = useId();
  const count = listedWords().length;

  return (
    <details class="hot-words">
      <summary>
        {host.hotWords}
        {count > 0 && <span class="hot-words-count">{count}</span>}
      </summary>
      <label for={id} class="unseen">
        {host.hotWords}
      </label>
      <textarea
        id={id}
        name="hot-words"
        class="input"
        rows={4}
        maxLength={MAX_CHARS}
        autocapitalize="none"
        spellcheck={false}
        placeholder={host.hotWordsExample}
        value={text.value}
        aria-describedby={`${id}-hint`}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <span class="hint" id={`${id}-hint`}>
        {host.hotWordsHint}
      </span>
    </details>
  );
}
