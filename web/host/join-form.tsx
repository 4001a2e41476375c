import { signal } from '@preact/signals';
import { useEffect, useId, useState } from 'preact/hooks';
import { listMicrophones } from '../../client-sdk/browser.ts';
import { Hearing } from '../hearing/hearing.ts';
import { HearingChoices } from '../hearing/hearing-choices.tsx';
import { words } from '../i18n/language.ts';
import { apiKey } from '../shell/api-key.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { meetingPath, suggestMeeting } from '../shell/meeting-path.ts';
import { storedText } from '../shell/stored.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import type { Choices, HostSession } from './host-session.ts';
import { HotWordsField, listedWords } from './hot-words-field.tsx';

/** As the server takes them. */
const MAX_NAME_CHARS = 128;

const speaker = storedText('speaker');
const deviceId = storedText('microphone');
const hearing = new Hearing('spoken');
const source = signal<Choices['source']>('microphone');
const meeting = signal(new URLSearchParams(location.search).get('meeting') ?? suggestMeeting(Math.random));

/** Where everything begins: which meeting, who, and with what. */
export function JoinForm({ session }: { readonly session: HostSession }) {
  const { host } = words.value;
  const trouble = session.trouble.value;
  const isAsking = session.phase.value === 'asking';

  return (
    <div class="join">
      <Welcome />
      <div class="join-side">
        {trouble?.code === 'unauthorized' ? (
          <KeyPrompt onKey={() => void session.again()} />
        ) : (
          <form
            class="card join-form"
            onSubmit={(event) => {
              event.preventDefault();
              void session.start({
                meeting: meeting.value.trim(),
                speaker: speaker.value.trim(),
                source: source.value,
                deviceId: deviceId.value,
                hotWords: listedWords(),
                hearing: hearing.chosen,
              });
            }}
          >
            {trouble && <TroubleNotice trouble={trouble} />}
            <NameField
              label={host.meeting}
              hint={host.meetingHint}
              name="meeting"
              required
              value={meeting.value}
              onValue={(value) => {
                meeting.value = value;
              }}
            />
            <NameField
              label={host.speaker}
              hint={host.speakerHint}
              name="speaker"
              value={speaker.value}
              onValue={(value) => {
                speaker.value = value;
              }}
            />
            <HearingChoices hearing={hearing} tellsOnly={false} />
            <SourceField />
            <HotWordsField />
            <button type="submit" class="button primary wide" disabled={isAsking}>
              <Icon name={source.value === 'tab' ? 'tab' : 'microphone'} />
              {isAsking ? host.asking : host.start}
            </button>
            <p class="hint" role="status">
              {isAsking ? host.askingHint(source.value) : host.privacy}
            </p>
          </form>
        )}
        {meeting.value.trim() !== '' && (
          <p class="only-reading">
            {host.onlyReading} <a href={meetingPath(meeting.value.trim())}>{host.openCaptions}</a>
          </p>
        )}
        {apiKey.value !== '' && trouble?.code !== 'unauthorized' && <KeyInUse />}
      </div>
    </div>
  );
}

function Welcome() {
  const { host } = words.value;

  return (
    <div class="welcome">
      <h1>{host.headline}</h1>
      <p>{host.promise}</p>
      <ul class="points">
        {host.points.map((point) => (
          <li key={point}>
            <Icon name="check" />
            <span>{point}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function KeyInUse() {
  const { key } = words.value;

  return (
    <p class="only-reading">
      {key.inUse}{' '}
      <button
        type="button"
        class="link"
        onClick={() => {
          apiKey.value = '';
        }}
      >
        {key.forget}
      </button>
    </p>
  );
}

interface NameFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly name: string;
  readonly required?: boolean;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function NameField({ label, hint, name, required = false, value, onValue }: NameFieldProps) {
  const id = useId();

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        class="input"
        required={required}
        maxLength={MAX_NAME_CHARS}
        // A blank name is none.
        pattern={required ? '.*\\S.*' : undefined}
        autocomplete={name === 'speaker' ? 'name' : 'off'}
        autocapitalize="none"
        spellcheck={false}
        value={value}
        aria-describedby={`${id}-hint`}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      <span class="hint" id={`${id}-hint`}>
        {hint}
      </span>
    </div>
  );
}

function SourceField() {
  const { host } = words.value;
  const id = useId();
  const microphones = useMicrophones();

  return (
    <div class="field">
      <fieldset>
        <legend class="legend">{host.source}</legend>
        <div class="choices">
          {(['microphone', 'tab'] as const).map((option) => (
            <label class="choice" key={option}>
              <input
                type="radio"
                name="source"
                value={option}
                checked={source.value === option}
                onChange={() => {
                  source.value = option;
                }}
              />
              <span>
                <Icon name={option} />
                {host.sources[option]}
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {source.value === 'tab' && <span class="hint">{host.tabHint}</span>}
      {source.value === 'microphone' && microphones.length > 1 && (
        <>
          <label for={id} class="unseen">
            {host.whichMicrophone}
          </label>
          <select
            id={id}
            class="input"
            value={deviceId.value}
            onChange={(event) => {
              deviceId.value = event.currentTarget.value;
            }}
          >
            <option value="">{host.anyMicrophone}</option>
            {microphones.map((microphone) => (
              <option key={microphone.deviceId} value={microphone.deviceId}>
                {microphone.label}
              </option>
            ))}
          </select>
        </>
      )}
    </div>
  );
}

/** Those that have a name: browsers tell names only to pages that were once allowed to listen. */
function useMicrophones(): readonly { readonly deviceId: string; readonly label: string }[] {
  const [microphones, setMicrophones] = useState<Awaited<ReturnType<typeof listMicrophones>>>([]);
  useEffect(() => {
    const look = () => {
      listMicrophones().then(
        (found) => setMicrophones(found.filter(({ deviceId, label }) => deviceId !== '' && label !== '')),
        // Starting tells what is the matter.
        () => setMicrophones([]),
      );
    };
    look();
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    devices?.addEventListener('devicechange', look);

    return () => devices?.removeEventListener('devicechange', look);
  }, []);

  return microphones;
}
