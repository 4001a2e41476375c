import { effect } from '@preact/signals';
import { storedChoice } from './stored.ts';

/** How the pages look. `auto` follows the system. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export const CONTRASTS = ['normal', 'more'] as const;
/** Of captions, in the steps of the plus and minus buttons. */
export const TEXT_SIZES = ['1', '2', '3', '4', '5', '6', '7'] as const;
export const LINE_LENGTHS = ['short', 'medium', 'long'] as const;
export const SHORTCUTS = ['on', 'off'] as const;

export const theme = storedChoice('theme', 'auto', THEMES);
export const contrast = storedChoice('contrast', preferredContrast(), CONTRASTS);
export const textSize = storedChoice('text-size', '3', TEXT_SIZES);
export const lineLength = storedChoice('line-length', 'medium', LINE_LENGTHS);
/** Single keys do something only where they are wanted: people who speak to their computer press them by accident. */
export const shortcuts = storedChoice('shortcuts', 'on', SHORTCUTS);

/** @param steps 1 for larger, -1 for smaller. */
export function changeTextSize(steps: number): void {
  const index = TEXT_SIZES.indexOf(textSize.value) + steps;
  textSize.value = TEXT_SIZES[Math.min(TEXT_SIZES.length - 1, Math.max(0, index))]!;
}

/** Keeps the document as the choices say. Once for each page. */
export function applyAppearance(): void {
  const { dataset } = document.documentElement;
  effect(() => {
    dataset.theme = theme.value;
    dataset.contrast = contrast.value;
    dataset.textSize = textSize.value;
    dataset.lineLength = lineLength.value;
  });
}

function preferredContrast(): (typeof CONTRASTS)[number] {
  return matchMedia('(prefers-contrast: more)').matches ? 'more' : 'normal';
}
