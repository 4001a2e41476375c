import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { NumberOption } from '../config/option.ts';
import { QUOTA_OPTIONS } from '../config/quota-options.ts';
import { Failure } from '../failure.ts';
import { CLASS_WEIGHTS, type PriorityClass } from './priority-class.ts';

/** Limits a key may have of its own, and the option whose place each takes. */
const LIMIT_OPTIONS = {
  maxStreams: QUOTA_OPTIONS.maxStreamsPerKey,
  maxViewers: QUOTA_OPTIONS.maxViewersPerKey,
  maxBufferedMs: QUOTA_OPTIONS.maxBufferedMsPerKey,
  maxBytesPerSecond: QUOTA_OPTIONS.maxBytesPerSecondPerKey,
} as const satisfies Record<string, NumberOption>;

/** Limits of a key's own, in the units of the options for all keys. */
export type KeyLimits = Readonly<Partial<Record<keyof typeof LIMIT_OPTIONS, number>>>;

/** A key as it is kept. */
export interface StoredKey {
  readonly name: string;
  /** SHA-256 of the key's UTF-8 bytes. */
  readonly hash: Buffer;
  readonly weight: number;
  readonly limits: KeyLimits;
}

const FIELDS = ['name', 'key', 'sha256', 'class', ...Object.keys(LIMIT_OPTIONS)];
/** Every key is compared with each one that is presented. */
const MAX_KEYS = 1000;
/** What both a header and a subprotocol can carry; shorter ones could be guessed. */
const KEY_FORM = /^[\w.~-]{16,256}$/;

/**
 * Reads a keys file. What is wrong is told by entry number and field, never with what stands there: it may be logged.
 * @throws {Failure}
 */
export async function readKeysFile(path: string): Promise<readonly StoredKey[]> {
  const fail = (fault: string) => new Failure(`The keys file ${path} ${fault}.`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fail(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own words quote what is around, which may be a key.
    throw fail('is not valid JSON');
  }
  const entries = isObject(content) ? content.keys : undefined;
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_KEYS)
    throw fail(`has to be an object whose field keys is a list of 1 to ${MAX_KEYS} keys`);
  const keys = entries.map((entry, i) =>
    readEntry(entry, (fault) => fail(`is wrong in key ${i + 1} of the list: ${fault}`)),
  );
  refuseTwins(keys, fail);

  return keys;
}

type Fail = (fault: string) => Failure;

function readEntry(entry: unknown, fail: Fail): StoredKey {
  if (!isObject(entry)) throw fail('it has to be an object');
  const unknown = Object.keys(entry).findIndex((field) => !FIELDS.includes(field));
  // By number: a key may have been written where its field's name belongs.
  if (unknown >= 0) throw fail(`its field number ${unknown + 1} is none of ${FIELDS.join(', ')}`);
  const { name, class: priorityClass = 'standard' } = entry;
  if (typeof name !== 'string' || name.trim() === '') throw fail('name has to be text that is not empty');
  if (typeof priorityClass !== 'string' || !Object.hasOwn(CLASS_WEIGHTS, priorityClass))
    throw fail(`class has to be ${Object.keys(CLASS_WEIGHTS).join(', ')} or left out`);

  return {
    name,
    hash: readHash(entry, fail),
    weight: CLASS_WEIGHTS[priorityClass as PriorityClass],
    limits: readLimits(entry, fail),
  };
}

function readHash({ key, sha256 }: Record<string, unknown>, fail: Fail): Buffer {
  if ((key === undefined) === (sha256 === undefined)) throw fail('it has to have either key or sha256');
  if (sha256 !== undefined) {
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256))
      throw fail('sha256 has to be 64 hexadecimal digits');

    return Buffer.from(sha256, 'hex');
  }
  if (typeof key !== 'string' || !KEY_FORM.test(key))
    throw fail('key has to be 16 to 256 letters, digits, hyphens, dots, underscores or tildes');

  return createHash('sha256').update(key).digest();
}

function readLimits(entry: Record<string, unknown>, fail: Fail): KeyLimits {
  const limits: Record<string, number> = {};
  for (const [field, { min, max, unit }] of Object.entries<NumberOption>(LIMIT_OPTIONS)) {
    const value = entry[field];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw fail(
        `${field} has to be a whole number from ${min} to ${max}${unit === 'count' ? '' : ` ${unit}`}`,
      );
    limits[field] = value;
  }

  return limits;
}

function refuseTwins(keys: readonly StoredKey[], fail: Fail): void {
  for (const [i, { name, hash }] of keys.entries()) {
    const twin = keys.findIndex((other) => other.name === name || other.hash.equals(hash));
    if (twin === i) continue;
    const field = keys[twin]!.name === name ? 'name' : 'key';
    throw fail(`has the same ${field} in keys ${twin + 1} and ${i + 1} of the list`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
