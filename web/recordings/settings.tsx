import { signal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { languageName, words } from '../i18n/language.ts';
import { askServer } from '../shell/server.ts';
import { storedText } from '../shell/stored.ts';
import type { RecordingOptions } from './recording.ts';

/** Languages that the server offers; what knows any names none. */
const offered = signal<readonly string[]>([]);
const language = storedText('recording-language');
const meeting = signal('');

/** What is chosen for the recordings that are added next. */
export function chosenOptions(): RecordingOptions {
  return {
    language: offered.value.includes(language.value) ? language.value : '',
    meeting: meeting.value.trim(),
  };
}

/** What may be chosen before recordings are added. */
export function Settings() {
  const { recordings } = words.value;
  const ids = { language: useId(), meeting: useId(), hint: useId() };
  useEffect(() => {
    readLanguages()
      .then((languages) => {
        offered.value = languages;
      })
      // Then the server decides.
      .catch(() => undefined);
  }, []);

  return (
    <div class="recording-settings">
      {offered.value.length > 1 && (
        <div class="field">
          <label for={ids.language}>{recordings.language}</label>
          <select
            id={ids.language}
            class="input"
            value={language.value}
            onChange={(event) => {
              language.value = event.currentTarget.value;
            }}
          >
            <option value="">{recordings.anyLanguage}</option>
            {offered.value.map((tag) => (
              <option key={tag} value={tag}>
                {languageName(tag)}
              </option>
            ))}
          </select>
        </div>
      )}
      <div class="field">
        <label for={ids.meeting}>{recordings.meeting}</label>
        <input
          id={ids.meeting}
          class="input"
          maxLength={128}
          autocomplete="off"
          aria-describedby={ids.hint}
          placeholder={recordings.noMeeting}
          value={meeting.value}
          onInput={(event) => {
            meeting.value = event.currentTarget.value;
          }}
        />
        <p class="hint" id={ids.hint}>
          {recordings.meetingHint}
        </p>
      </div>
    </div>
  );
}

async function readLanguages(): Promise<readonly string[]> {
  const { languages } = (await (await askServer('/v1/status')).json()) as {
    readonly languages?: readonly string[];
  };

  return (languages ?? []).filter((tag) => tag !== '*');
}
