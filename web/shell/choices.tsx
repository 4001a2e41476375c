import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly choice: Signal<T>;
  readonly options: readonly T[];
  /** What each option is called. */
  readonly names: Readonly<Record<T, string>>;
}

/** A few options side by side, one of them taken. */
export function Choices<T extends string>({ legend, choice, options, names }: ChoicesProps<T>) {
  const group = useId();

  return (
    <fieldset>
      <legend class="legend">{legend}</legend>
      <div class="choices">
        {options.map((option) => (
          <label class="choice" key={option}>
            <input
              type="radio"
              name={group}
              value={option}
              checked={choice.value === option}
              onChange={() => {
                choice.value = option;
              }}
            />
            <span>{names[option]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
