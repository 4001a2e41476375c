import { signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { LiveLine } from '../../client-sdk/captions/live-cue.ts';
import { words } from '../i18n/language.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { OVERLAY_DEFAULTS, type OverlayOptions, overlayOptions, overlayQuery, POSITIONS } from './options.ts';
import { Lines } from './overlay.tsx';

const options = signal<OverlayOptions>({ ...OVERLAY_DEFAULTS });

/** Takes a field as it would be taken from the address. */
function set(name: keyof OverlayOptions, value: string | boolean): void {
  const query = new URLSearchParams(overlayQuery(options.value));
  query.set(name, typeof value === 'boolean' ? (value ? 'on' : 'off') : value);
  options.value = overlayOptions(query);
}

/** Makes the address of an overlay, and shows what it will look like. */
export function Setup() {
  const { overlay } = words.value;
  const chosen = options.value;
  const link = `${location.origin}/overlay?${overlayQuery(chosen)}`;

  return (
    <div class="setup">
      <div class="setup-head">
        <h1>{overlay.headline}</h1>
        <p>{overlay.promise}</p>
      </div>
      <form class="card setup-form" onSubmit={(event) => event.preventDefault()}>
        <TextField name="meeting" value={chosen.meeting} label={overlay.fields.meeting} />
        <NumberField name="lines" value={chosen.lines} label={overlay.fields.lines} />
        <NumberField name="chars" value={chosen.chars} label={overlay.fields.chars} />
        <NumberField name="size" value={chosen.size} label={overlay.fields.size} />
        <NumberField name="hideAfterMs" value={chosen.hideAfterMs} label={overlay.fields.hideAfterMs} />
        <PositionField />
        <TextField name="color" value={chosen.color} label={overlay.fields.color} placeholder="#ffffff" />
        <TextField
          name="background"
          value={chosen.background}
          label={overlay.fields.background}
          placeholder="rgb(0 0 0 / 75%)"
        />
        <label class="check">
          <input
            type="checkbox"
            checked={chosen.names}
            onChange={(event) => set('names', event.currentTarget.checked)}
          />
          {overlay.fields.names}
        </label>
      </form>
      <section class="preview" aria-label={overlay.preview}>
        <Lines options={{ ...chosen, size: Math.min(chosen.size, 28) }} lines={sample(chosen)} />
      </section>
      {chosen.meeting === '' ? (
        <p class="hint">{overlay.needsMeeting}</p>
      ) : (
        <div class="setup-link">
          <a href={link}>{link}</a>
          <CopyButton text={link} label={overlay.copy} class="button primary" />
        </div>
      )}
      <p class="hint">{overlay.howTo}</p>
    </div>
  );
}

interface FieldProps<T> {
  readonly name: keyof OverlayOptions;
  readonly value: T;
  readonly label: string;
  readonly placeholder?: string;
}

function TextField({ name, value, label, placeholder }: FieldProps<string>) {
  const id = useId();

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        value={value}
        // Not at every letter: a blank at the end would be taken away while a name is being typed.
        onChange={(event) => set(name, event.currentTarget.value)}
      />
    </div>
  );
}

function NumberField({ name, value, label }: FieldProps<number>) {
  const id = useId();

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        type="number"
        inputMode="numeric"
        value={value}
        onChange={(event) => set(name, event.currentTarget.value)}
      />
    </div>
  );
}

function PositionField() {
  const { overlay } = words.value;
  const id = useId();

  return (
    <div class="field">
      <label for={id}>{overlay.fields.position}</label>
      <select
        id={id}
        class="input"
        value={options.value.position}
        onChange={(event) => set('position', event.currentTarget.value)}
      >
        {POSITIONS.map((position) => (
          <option key={position} value={position}>
            {overlay.positions[position]}
          </option>
        ))}
      </select>
    </div>
  );
}

function sample({ lines, names }: OverlayOptions): LiveLine[] {
  const { overlay } = words.value;

  return overlay.sample.slice(0, lines).map((text, index) => ({
    captionId: 'sample',
    speaker: names && index === 0 ? 'Ada' : null,
    text,
    stableChars: text.length,
  }));
}
