import { PACES, type Pace } from '../conversation/pace.ts';
import { words } from '../i18n/language.ts';
import {
  CONTRASTS,
  changeTextSize,
  contrast,
  LINE_LENGTHS,
  lineLength,
  SHORTCUTS,
  shortcuts,
  TEXT_SIZES,
  THEMES,
  textSize,
  theme,
} from '../shell/appearance.ts';
import { Choices } from '../shell/choices.tsx';
import { storedChoice } from '../shell/stored.ts';

/** How calmly captions come to this reader. */
export const pace = storedChoice<Pace>('pace', 'live', PACES);

/** How captions look and come. */
export function Settings() {
  const { settings, shell } = words.value;

  return (
    <div class="settings">
      <div>
        <span class="legend">{settings.textSize}</span>
        <div class="stepper">
          <button
            type="button"
            class="button"
            aria-label={settings.smaller}
            disabled={textSize.value === TEXT_SIZES[0]}
            onClick={() => changeTextSize(-1)}
          >
            <span class="small-letter">A</span>
          </button>
          <output>{settings.step(TEXT_SIZES.indexOf(textSize.value) + 1, TEXT_SIZES.length)}</output>
          <button
            type="button"
            class="button"
            aria-label={settings.larger}
            disabled={textSize.value === TEXT_SIZES.at(-1)}
            onClick={() => changeTextSize(1)}
          >
            <span class="large-letter">A</span>
          </button>
        </div>
      </div>
      <Choices
        legend={settings.lineLength}
        choice={lineLength}
        options={LINE_LENGTHS}
        names={settings.lineLengths}
      />
      <div>
        <Choices legend={settings.pace} choice={pace} options={PACES} names={settings.paces} />
        <p class="hint">{settings.paceHints[pace.value]}</p>
      </div>
      <Choices legend={settings.theme} choice={theme} options={THEMES} names={shell.themes} />
      <Choices legend={settings.contrast} choice={contrast} options={CONTRASTS} names={settings.contrasts} />
      <div>
        <Choices legend={settings.shortcuts} choice={shortcuts} options={SHORTCUTS} names={settings.onOff} />
        {shortcuts.value === 'on' && (
          <dl class="keys">
            {settings.keys.map(([key, meaning]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </div>
  );
}
