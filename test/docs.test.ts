import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeOptions } from '../server/config/describe.ts';
import { environmentName, flagName, OPTIONS, type OptionName } from '../server/config/options.ts';
import { ERRORS, type ErrorEntry } from '../server/errors.ts';
import { catalogue } from '../server/model-store/catalogue.ts';

const PROTOCOL_PAGE = new URL('../docs/protocol.md', import.meta.url);
const PROTOCOL_SOURCE = new URL('../client-sdk/protocol.ts', import.meta.url);
const CONFIGURATION_PAGE = new URL('../docs/configuration.md', import.meta.url);

const MODELS_PAGE = new URL('../docs/models.md', import.meta.url);

const GENERATED = /<!-- settings begin -->\n[\s\S]*<!-- settings end -->/;

describe('The protocol page', () => {
  let page: string;
  let source: string;

  beforeAll(async () => {
    [page, source] = await Promise.all([readFile(PROTOCOL_PAGE, 'utf8'), readFile(PROTOCOL_SOURCE, 'utf8')]);
  });

  it('has the table of errors that the server has, no more and no less', () => {
    const rows = page
      .slice(page.indexOf('## Errors'))
      .split('\n')
      .map((line) => /^\| `([a-z-]+)` \| (4\d{3}) \| (yes|no) \| (yes|no) \| (.+) \|$/.exec(line))
      .filter((row) => row !== null)
      .map(([, code, closeCode, retryable, fatal, text]) => ({ code, closeCode, retryable, fatal, text }));
    const table = Object.entries<ErrorEntry>(ERRORS).map(([code, { closeCode, retryable, fatal, text }]) => ({
      code,
      closeCode: String(closeCode),
      retryable: retryable ? 'yes' : 'no',
      fatal: fatal ? 'yes' : 'no',
      text,
    }));
    expect(rows).toEqual(table);
  });

  it('has every message, each with a heading of its own', () => {
    const types = [...source.matchAll(/readonly type: '([a-z-]+)'/g)].map(([, type]) => type!);
    expect(new Set(types).size).toBeGreaterThanOrEqual(13);
    for (const type of types) expect(page).toMatch(new RegExp(`^### \`${type}\``, 'm'));
  });

  it('has every field', () => {
    const fields = [...source.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field!);
    expect(fields.length).toBeGreaterThan(40);
    for (const field of fields) expect(page).toContain(`\`${field}\``);
  });

  it('has every value that a field may take from a list', () => {
    const lists = [...source.matchAll(/(?:AUDIO_ENCODINGS = \[|type Endpoint = |cut\?: )(.+)/g)].map(
      ([, list]) => list!,
    );
    const values = lists.flatMap((list) => [...list.matchAll(/'([\w-]+)'/g)].map(([, value]) => value!));
    expect(values).toHaveLength(9);
    for (const value of values) expect(page).toContain(`\`${value}\``);
  });

  it('has every emotion and every sound that a final may tell of', () => {
    const lists = [...source.matchAll(/type (?:Emotion|SoundEvent) =([^;]+);/g)].map(([, list]) => list!);
    const values = lists.flatMap((list) => [...list.matchAll(/'(\w+)'/g)].map(([, value]) => value!));
    expect(values).toHaveLength(17);
    for (const value of values) expect(page).toContain(`\`${value}\``);
  });

  it('names both subprotocols', () => {
    const names = [...source.matchAll(/_SUBPROTOCOL = '(.+)'/g)].map(([, name]) => name!);
    expect(names).toHaveLength(2);
    for (const name of names) expect(page).toContain(name);
  });

  it('only gives examples that are JSON', () => {
    const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block]) =>
      block!.trim().split('\n'),
    );
    const session = [...page.matchAll(/^[<>] (\{.+)$/gm)].map(([, message]) => message!);
    const lines = [...blocks, ...session];
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('type');
  });
});

describe('The configuration page', () => {
  it('has the settings that the server has', async () => {
    const page = await readFile(CONFIGURATION_PAGE, 'utf8');
    const current = page.replace(
      GENERATED,
      () => `<!-- settings begin -->\n\n${describeOptions()}\n<!-- settings end -->`,
    );
    if (process.env.UPDATE_DOCS === '1') return writeFile(CONFIGURATION_PAGE, current);
    expect(page, 'Run UPDATE_DOCS=1 npx vitest run test/docs.test.ts to bring the page up to date.').toBe(
      current,
    );
    expect(page).toMatch(GENERATED);

    return undefined;
  });

  it('is the same on every machine', () => {
    const text = describeOptions();
    expect(text).not.toContain(OPTIONS.modelsDir.default);
    expect(text).toContain("`roundtable/models` in the user's cache folder");
    expect(text).toMatch(/`--devices` .* `cpu` for each core whose models have room in `--model-memory-mb`, at most 64 times/);
    for (const name of Object.keys(OPTIONS) as OptionName[]) {
      expect(text).toContain(`\`${flagName(name)}\``);
      expect(text).toContain(`\`${environmentName(name)}\``);
    }
  });
});

describe('The page of models', () => {
  it('has every model of the catalogue, with its licence', async () => {
    const rows = (await readFile(MODELS_PAGE, 'utf8')).split('\n').filter((line) => line.startsWith('| '));
    for (const { name, licence } of catalogue)
      expect(rows.find((row) => row.includes(`\`${name}\``))).toContain(`| ${licence} |`);
  });
});

describe('The README', () => {
  it('has the examples of the client, which are run', async () => {
    const [readme, page] = await Promise.all(
      ['../README.md', '../client-sdk/README.md'].map((path) =>
        readFile(new URL(path, import.meta.url), 'utf8'),
      ),
    );
    for (const language of ['html', 'tsx', 'js']) {
      const block = new RegExp(`^\`\`\`${language}\\n[\\s\\S]*?^\`\`\`$`, 'm').exec(page!)?.[0];
      expect(readme).toContain(block);
    }
  });
});
