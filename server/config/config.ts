import { Failure } from '../failure.ts';
import { type Config, environmentName, flagName, OPTIONS, type Option, type OptionName } from './options.ts';

const names = Object.keys(OPTIONS) as OptionName[];

/**
 * Settings from flags, else from the environment, else the defaults.
 * @param flags values as typed, by option name.
 * @throws {Failure} naming the flag or variable at fault and what it may be.
 */
export function readConfig(
  flags: Partial<Record<OptionName, string>> = {},
  environment: NodeJS.ProcessEnv = process.env,
): Config {
  const settings = names.map((name) => [
    name,
    readOption(name, flags[name], environment[environmentName(name)]),
  ]);
  const config = Object.fromEntries(settings) as Config;
  if (config.maxBufferedMs < 2 * config.maxSegmentMs) {
    throw new Failure(
      `${flagName('maxBufferedMs')} (${config.maxBufferedMs}) has to be at least twice ${flagName('maxSegmentMs')} (${config.maxSegmentMs}): a caption and the one after it must fit.`,
    );
  }

  return config;
}

function readOption(
  name: OptionName,
  flag: string | undefined,
  variable: string | undefined,
): string | number {
  const option: Option = OPTIONS[name];
  if (flag !== undefined) return parse(option, flag, flagName(name));
  // An empty variable is how many tools write "unset".
  if (variable !== undefined && variable !== '') return parse(option, variable, environmentName(name));

  return option.default;
}

function parse(option: Option, text: string, source: string): string | number {
  if (option.kind === 'text') {
    const fault = text === '' ? 'is empty' : (option.fault?.(text) ?? null);
    if (fault !== null) throw new Failure(`${source} ${option.isSecret ? '' : `'${text}' `}${fault}.`);

    return text;
  }
  const value = Number(text);
  const whole = option.unit === 'probability' || option.unit === 'dBFS' || Number.isInteger(value);
  if (text.trim() === '' || !Number.isFinite(value) || !whole || value < option.min || value > option.max) {
    throw new Failure(
      `${source} is '${text}', but has to be a ${describeRange(option)}. The default is ${option.default}.`,
    );
  }

  return value;
}

function describeRange({ unit, min, max }: Extract<Option, { kind: 'number' }>): string {
  const number = unit === 'probability' || unit === 'dBFS' ? 'number' : 'whole number';
  const suffix = unit === 'count' || unit === 'port' || unit === 'probability' ? '' : ` ${unit}`;

  return `${number} from ${min} to ${max}${suffix}`;
}
