import './hearing.css';
import type { Signal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { languageName, words } from '../i18n/language.ts';
import { type Hearing, readOffer } from './hearing.ts';

interface HearingChoicesProps {
  readonly hearing: Hearing;
  /** Whether what there is only one of is named. */
  readonly tellsOnly: boolean;
}

/** What is spoken, and which model hears it, where there is something to choose. */
export function HearingChoices({ hearing, tellsOnly }: HearingChoicesProps) {
  const text = words.value.hearing;
  const { language, model } = hearing.chosen;
  const usual = hearing.defaultLanguage;
  useEffect(() => void readOffer(), []);

  return (
    <div class="hearing-choices">
      <Choice
        label={text.language}
        any={usual === null ? text.anyLanguage : text.usual(languageName(usual))}
        offered={hearing.languages}
        nameOf={(tag) => (tag === 'auto' ? text.anyLanguage : languageName(tag))}
        chosen={language}
        choice={hearing.language}
        tellsOnly={tellsOnly}
      />
      <Choice
        label={text.model}
        any={text.anyModel}
        offered={hearing.models}
        nameOf={(name) => name}
        chosen={model}
        choice={hearing.model}
        tellsOnly={tellsOnly}
      />
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  /** For the server's own choice. */
  readonly any: string;
  readonly offered: readonly string[];
  readonly nameOf: (value: string) => string;
  /** What is in effect: a choice of the past may not be offered any more. */
  readonly chosen: string;
  readonly choice: Signal<string>;
  readonly tellsOnly: boolean;
}

/** One of several; where there is one, which it is. */
function Choice({ label, any, offered, nameOf, chosen, choice, tellsOnly }: ChoiceProps) {
  const id = useId();
  const [only, ...others] = offered;
  if (only === undefined) return null;
  if (others.length === 0)
    return tellsOnly ? (
      <p class="field">
        <span class="legend">{label}</span>
        <span class="only">{nameOf(only)}</span>
      </p>
    ) : null;

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        value={chosen}
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
