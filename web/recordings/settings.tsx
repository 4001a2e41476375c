import { signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Hearing } from '../hearing/hearing.ts';
import { HearingChoices } from '../hearing/hearing-choices.tsx';
import { words } from '../i18n/language.ts';
import type { RecordingOptions } from './recording.ts';

const hearing = new Hearing('recording');
const meeting = signal('');

/** What is chosen for the recordings that are added next. */
export function chosenOptions(): RecordingOptions {
  return { ...hearing.chosen, meeting: meeting.value.trim() };
}

/** What may be chosen before recordings are added. */
export function Settings() {
  const { recordings } = words.value;
  const ids = { meeting: useId(), hint: useId() };

  return (
    <div class="recording-settings">
      <HearingChoices hearing={hearing} tellsOnly />
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
