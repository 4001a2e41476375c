import { describe, expect, test } from 'vitest';
import { parseDevices } from '../inference/device.ts';
import { readConfig } from '../server/config/config.ts';
import {
  environmentName,
  flagName,
  OPTIONS,
  type Option,
  type OptionName,
} from '../server/config/options.ts';
import { Failure } from '../server/failure.ts';

const options = Object.entries(OPTIONS) as [OptionName, Option][];
const numbers = options.flatMap(([name, option]) =>
  option.kind === 'number' ? [[name, option] as const] : [],
);

function faultOf(flags: Partial<Record<OptionName, string>>, environment: NodeJS.ProcessEnv = {}): string {
  try {
    readConfig(flags, environment);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }

  return '';
}

describe('Configuration', () => {
  test('is the defaults when nothing is said', () => {
    const defaults = Object.fromEntries(options.map(([name, option]) => [name, option.default]));
    expect(readConfig({}, {})).toEqual(defaults);
  });

  test('takes a flag before the variable and the variable before the default', () => {
    const environment = { PORT: '1', ROUNDTABLE_MODEL: 'from-environment' };
    expect(readConfig({ port: '2' }, environment)).toMatchObject({ port: 2, model: 'from-environment' });
  });

  test('takes an empty variable for one that is not set, but not an empty flag', () => {
    expect(readConfig({}, { PORT: '', ROUNDTABLE_MODEL: '' })).toEqual(readConfig({}, {}));
    expect(faultOf({ port: '' })).toContain('--port');
    expect(faultOf({ model: '' })).toBe("--model '' is empty.");
  });

  test('has defaults within their ranges and names that no two options share', () => {
    for (const [name, { default: value, min, max }] of numbers) {
      expect(value, name).toBeGreaterThanOrEqual(min);
      expect(value, name).toBeLessThanOrEqual(max);
    }
    expect(new Set(options.map(([name]) => flagName(name))).size).toBe(options.length);
    expect(new Set(options.map(([name]) => environmentName(name))).size).toBe(options.length);
  });

  test('names flags and variables after the option', () => {
    expect(flagName('maxBufferedMs')).toBe('--max-buffered-ms');
    expect(environmentName('maxBufferedMs')).toBe('ROUNDTABLE_MAX_BUFFERED_MS');
    expect(environmentName('port')).toBe('PORT');
  });

  test.each(numbers)('takes %s at both ends of its range and nothing beyond', (name, { min, max, unit }) => {
    // One option's range depends on another's value.
    const room: Partial<Record<OptionName, string>> = name.startsWith('max')
      ? { maxSegmentMs: '3000', maxBufferedMs: '600000' }
      : {};
    for (const value of [min, max]) {
      expect(readConfig({ ...room, [name]: String(value) }, {})).toMatchObject({ [name]: value });
    }
    const step = unit === 'probability' ? 0.01 : 1;
    for (const value of [min - step, max + step]) {
      const fault = faultOf({ ...room, [name]: String(value) });
      expect(fault).toContain(`${flagName(name)} is '${value}'`);
      expect(fault).toContain(`from ${min} to ${max}`);
    }
  });

  test.each(['x', ' ', '1.5', 'NaN', 'Infinity', '12ms', '1,000'])('refuses %j as a whole number', (text) => {
    expect(faultOf({ maxStreams: text })).toBe(
      `--max-streams is '${text}', but has to be a whole number from 1 to 100000. The default is 1000.`,
    );
  });

  test('names the variable when the fault is there', () => {
    expect(faultOf({}, { ROUNDTABLE_MIN_SILENCE_MS: '1' })).toBe(
      `ROUNDTABLE_MIN_SILENCE_MS is '1', but has to be a whole number from 100 to 2000 ms. The default is ${OPTIONS.minSilenceMs.default}.`,
    );
  });

  test('takes fractions where they make sense', () => {
    expect(readConfig({ startThreshold: '0.55', energyGateDbfs: '-60.5' }, {})).toMatchObject({
      startThreshold: 0.55,
      energyGateDbfs: -60.5,
    });
  });

  test('repeats no address of a database, which may have a password in it', () => {
    const fault = faultOf({}, { ROUNDTABLE_DATABASE_URL: 'mysql://ada:unspeakable@host/captions' });
    expect(fault).toMatch(/^ROUNDTABLE_DATABASE_URL has to be none, or an address such as postgres:/);
    expect(fault).not.toContain('unspeakable');
    for (const databaseUrl of ['none', 'postgres://a:b@host:5432/name', 'postgresql://host/name'])
      expect(readConfig({ databaseUrl }).databaseUrl).toBe(databaseUrl);
  });

  test('wants room for two of the longest segments', () => {
    expect(readConfig({ maxSegmentMs: '20000', maxBufferedMs: '40000' }, {})).toMatchObject({
      maxBufferedMs: 40_000,
    });
    expect(faultOf({ maxSegmentMs: '20000', maxBufferedMs: '39999' })).toContain(
      '--max-buffered-ms (39999) has to be at least twice --max-segment-ms (20000)',
    );
  });

  test.each([
    ['gpu', "has 'gpu'"],
    ['cpu,', "has ''"],
    ['cuda:x', "has 'cuda:x'"],
    ['cuda:1234', "has 'cuda:1234'"],
    [Array(65).fill('cpu').join(), 'names more than 64 threads'],
  ])('refuses the devices %s', (devices, fault) => {
    expect(faultOf({ devices })).toContain(fault);
  });

  test.each([
    ['cpu*3', ['cpu', 'cpu', 'cpu']],
    ['cuda:0*2, cpu', ['cuda:0', 'cuda:0', 'cpu']],
    ['cuda:1,cuda:1', ['cuda:1', 'cuda:1']],
  ])('reads the devices %s, one for each thread', (list, devices) => {
    expect(parseDevices(list)).toEqual(devices);
    expect(readConfig({ devices: list }, {}).devices).toBe(list);
  });

  test.each(['cpu*0', 'cpu*65', 'cuda:0*', '*2', 'cpu*2*2', 'cuda*2', 'cpu,'])(
    'refuses the threads %s',
    (devices) => {
      expect(faultOf({ devices })).toMatch(/neither cpu nor cuda|no thread|more than 64 threads/);
    },
  );

  test('refuses a precision that there is not', () => {
    expect(faultOf({ precision: 'int8' })).toContain('neither auto, float32 nor float16');
  });

  test('takes devices of both kinds and every log level', () => {
    expect(readConfig({ devices: 'cuda:0,cuda:0,cpu' }, {}).devices).toBe('cuda:0,cuda:0,cpu');
    for (const logLevel of ['debug', 'info', 'warn', 'error', 'silent']) {
      expect(readConfig({ logLevel }, {}).logLevel).toBe(logLevel);
    }
    expect(faultOf({ logLevel: 'loud' })).toContain('--log-level');
  });
});
