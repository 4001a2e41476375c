import { useId, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { apiKey } from './api-key.ts';
import { Icon } from './icon.tsx';

/** Asks for an API key, after the server did. @param onKey called once `apiKey` has it. */
export function KeyPrompt({ onKey }: { readonly onKey: () => void }) {
  const text = words.value.key;
  const id = useId();
  const [key, setKey] = useState('');

  return (
    <form
      class="card key-prompt"
      onSubmit={(event) => {
        event.preventDefault();
        apiKey.value = key.trim();
        onKey();
      }}
    >
      <div class="notice caution" role="alert">
        <Icon name="key" />
        <div>
          <strong>{apiKey.value === '' ? text.needed : text.unknown}</strong>
          <span>{text.explanation}</span>
        </div>
      </div>
      <div class="field">
        <label for={id}>{text.label}</label>
        <input
          id={id}
          class="input"
          type="password"
          autocomplete="off"
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </div>
      <button type="submit" class="button primary">
        {text.go}
      </button>
    </form>
  );
}
