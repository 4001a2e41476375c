/** Whether a key press is meant for a field, or for the browser: then it is no shortcut. */
export function isTyping({ target, ctrlKey, metaKey, altKey, isComposing }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || isComposing) return true;

  return target instanceof HTMLElement && target.matches('input:not([type="radio"]), textarea, select');
}
