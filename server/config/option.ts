/** Units a number may have; they are part of its name. */
export type Unit = 'ms' | 'bytes' | 'bytes/s' | 'MB' | 'count' | 'port' | 'probability' | 'dBFS';

/** What every setting has. */
interface CommonOption {
  /** What it is for, as a sentence without its full stop. */
  readonly about: string;
  readonly group: 'Network' | 'Models' | 'Captions' | 'History' | 'Recordings' | 'Limits' | 'Logging';
  /** Environment variable, when it is not `ROUNDTABLE_` and the name. */
  readonly env?: string;
}

/** A setting that is a number. */
export interface NumberOption extends CommonOption {
  readonly kind: 'number';
  readonly unit: Unit;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** A setting that is text. */
export interface TextOption extends CommonOption {
  readonly kind: 'text';
  readonly default: string;
  /** Shown in help in place of the value. */
  readonly placeholder: string;
  /** Whether a value may hold a password: no message repeats it. */
  readonly isSecret?: boolean;
  /** What is wrong with a value, as the end of a sentence, or null. */
  readonly fault?: (value: string) => string | null;
}

/** One setting. */
export type Option = NumberOption | TextOption;
