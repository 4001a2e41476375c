import { type Signal, signal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { languageName, words } from '../i18n/language.ts';
import { askServer } from '../shell/server.ts';
import { storedText } from '../shell/stored.ts';
import type { RecordingOptions } from './recording.ts';

/** What there is to choose from. */
interface Offer {
  /** BCP 47; a model that knows any names none. */
  readonly languages: readonly string[];
  readonly models: readonly string[];
}

/** What `GET /v1/status` tells of it, as docs/protocol.md has it. */
interface Status {
  readonly languages?: readonly string[];
  /** Null before they are loaded. */
  readonly models?: { readonly recognizers: readonly Model[] } | null;
}

interface Model {
  readonly name: string;
}

const offer = signal<Offer>({ languages: [], models: [] });
const language = storedText('recording-language');
const model = storedText('recording-model');
const meeting = signal('');

/** What is chosen for the recordings that are added next. */
export function chosenOptions(): RecordingOptions {
  const { languages, models } = offer.value;
  // Where there is one, nobody has chosen it.
  const chosen = (choice: Signal<string>, offered: readonly string[]) =>
    offered.length > 1 && offered.includes(choice.value) ? choice.value : '';

  return {
    language: chosen(language, languages),
    model: chosen(model, models),
    meeting: meeting.value.trim(),
  };
}

/** What may be chosen before recordings are added. */
export function Settings() {
  const { recordings } = words.value;
  const ids = { meeting: useId(), hint: useId() };
  const { languages, models } = offer.value;
  useEffect(() => {
    readOffer()
      .then((read) => {
        offer.value = read;
      })
      // Then the server decides.
      .catch(() => undefined);
  }, []);

  return (
    <div class="recording-settings">
      <div class="recording-choices">
        <Choice
          label={recordings.language}
          any={recordings.anyLanguage}
          offered={languages}
          nameOf={languageName}
          choice={language}
        />
        <Choice
          label={recordings.model}
          any={recordings.anyModel}
          offered={models}
          nameOf={(name) => name}
          choice={model}
        />
      </div>
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

interface ChoiceProps {
  readonly label: string;
  /** For the server's own choice. */
  readonly any: string;
  readonly offered: readonly string[];
  readonly nameOf: (value: string) => string;
  readonly choice: Signal<string>;
}

/** One of several; where there is one, which it is. */
function Choice({ label, any, offered, nameOf, choice }: ChoiceProps) {
  const id = useId();
  const [only, ...others] = offered;
  if (only === undefined) return null;
  if (others.length === 0)
    return (
      <p class="field">
        <span class="legend">{label}</span>
        <span class="only">{nameOf(only)}</span>
      </p>
    );

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        value={choice.value}
        onChange={(event) => {
          choice.value = event.currentTarget.value;
        }}
      >
        <option value="">{any}</option>
        {offered.map((value) => (
          <option key={value} value={value}>
            {nameOf(value)}
          </option>
        ))}
      </select>
    </div>
  );
}

async function readOffer(): Promise<Offer> {
  const { languages, models } = (await (await askServer('/v1/status')).json()) as Status;

  return {
    languages: (languages ?? []).filter((tag) => tag !== '*'),
    models: (models?.recognizers ?? []).map(({ name }) => name),
  };
}
