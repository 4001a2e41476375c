import { LANGUAGE_NAMES, LANGUAGES, language, words } from '../i18n/language.ts';
import { THEMES, theme } from './appearance.ts';
import { Icon, type IconName } from './icon.tsx';

const THEME_ICONS: Readonly<Record<(typeof THEMES)[number], IconName>> = {
  auto: 'auto',
  light: 'sun',
  dark: 'moon',
};

/** Goes round the themes: as the system, light, dark. */
export function ThemeSwitch() {
  const label = words.value.shell.theme(words.value.shell.themes[theme.value]);

  return (
    <button
      type="button"
      class="button plain square"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
      }}
    >
      <Icon name={THEME_ICONS[theme.value]} />
    </button>
  );
}

/** Changes to the other language; it is named in that language, for those who cannot read this one. */
export function LanguageSwitch() {
  const other = LANGUAGES.find((candidate) => candidate !== language.value)!;

  return (
    <button
      type="button"
      class="button plain language-switch"
      lang={LANGUAGE_NAMES[other].tag}
      onClick={() => {
        language.value = other;
      }}
    >
      {LANGUAGE_NAMES[other].name}
    </button>
  );
}
